import { errorText } from '../protocol/errors.ts';
import type { Program } from '../protocol/programs.ts';
import { closeInspector } from './closeInspector.ts';
import { type Inspector, nameOf, openInspector, type ProgramAccess } from './inspector.ts';

export interface Inspected<T> {
  readonly result: T;
  /** The address of the inspector, where it was opened for this and could not be closed again. */
  readonly staysOpenAt: string | undefined;
}

/**
 * Does something with a process's inspector. One that had to be opened for it is closed behind it, whatever has come of it.
 * @throws Error as {@link openInspector} does, and what `work` throws.
 */
export async function withInspector<T>(
  program: Program,
  access: ProgramAccess,
  work: (inspector: Inspector) => Promise<T>,
): Promise<Inspected<T>> {
  const inspector = await openInspector(program, access);
  const close = async (): Promise<string | undefined> => {
    const isOpen = inspector.wasOpened && !(await closeInspector(inspector));
    return isOpen ? `${inspector.host}:${inspector.port}` : undefined;
  };
  try {
    const result = await work(inspector);
    return { result, staysOpenAt: await close() };
  } catch (error) {
    const address = await close();
    if (address === undefined) throw error;
    throw new Error(`${errorText(error)} The inspector of ${nameOf(program)} stays open at ${address} until the process ends.`, {
      cause: error,
    });
  }
}
