/** What guarding, or undoing it, would do to the file of a client. */
import { errorText } from '../../protocol/errors.ts';
import type { ClientFile } from './clientFiles.ts';
import { type DeclaredServer, declaredServers } from './declaredServers.ts';
import { guardServers, unguardServers } from './guardEdits.ts';
import { type ReadFile, readClientFile } from './replaceFile.ts';

/** A file of a client, with the servers that it declares. */
export interface FoundFile extends ClientFile {
  readonly file: ReadFile;
  readonly servers: readonly DeclaredServer[];
}

/** A file that cannot be used, and why, as a sentence. */
export interface BrokenFile extends ClientFile {
  readonly problem: string;
}

export type Direction = 'guard' | 'undo';

/** The files that exist, of those that may. */
export function findClientFiles(candidates: readonly ClientFile[]): {
  readonly found: readonly FoundFile[];
  readonly broken: readonly BrokenFile[];
} {
  const [found, broken]: [FoundFile[], BrokenFile[]] = [[], []];
  for (const candidate of candidates) {
    try {
      const file = readClientFile(candidate.path);
      if (file) found.push({ ...candidate, file, servers: declaredServers(file.text) });
    } catch (error) {
      broken.push({ ...candidate, problem: `${candidate.path} was left as it is: ${errorText(error)}.` });
    }
  }
  return { found, broken };
}

/** Whether a server is one that this direction changes. */
export function isChangedBy(direction: Direction, { state }: DeclaredServer): boolean {
  return state === (direction === 'guard' ? 'bare' : 'guarded');
}

/**
 * The text that a file would have.
 * @throws CannotGuardError
 */
export function changedText(
  direction: Direction,
  { file }: FoundFile,
  launcher: string,
  isChosen?: (server: DeclaredServer) => boolean,
): string {
  return direction === 'guard' ? guardServers(file.text, launcher, isChosen) : unguardServers(file.text, isChosen);
}
