import { ProcessTableError } from '../../platform/platform.ts';

/** Undefined where the process table cannot be read now: then it is not known which processes are there. */
export function ifReadable<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    return passUnreadable(error);
  }
}

/** For a look whose result is a promise. @throws every other error. */
export function passUnreadable(error: unknown): undefined {
  if (!(error instanceof ProcessTableError)) throw error;
  return undefined;
}
