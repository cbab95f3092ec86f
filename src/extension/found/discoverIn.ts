import { type } from 'node:os';
import { join } from 'node:path';
import type { FoundProcess, System } from '../../config/import/foundTask.ts';
import type { WorkspaceFiles } from '../../config/import/projectFolder.ts';
import { readIfThere } from '../../config/import/readIfThere.ts';

/** The name that tasks.json uses for an operating system, by `os.type()`. */
const systems: Readonly<Record<string, System>> = { Windows_NT: 'windows', Darwin: 'osx' };

export const system: System = systems[type()] ?? 'linux';

export interface Discovery {
  readonly found: readonly FoundProcess[];
  /** What it was found in. */
  readonly files: WorkspaceFiles;
}

/** Looks through a folder; what that takes is loaded by the first call. */
export async function discoverIn(folder: string): Promise<Discovery> {
  const { discoverProcesses, indexFolders } = await import('../../config/import/discover.ts');
  const texts = new Map<string, string | undefined>();
  const files: WorkspaceFiles = {
    index: await indexFolders(folder),
    read: (path) => {
      // Several discoverers ask for the same one: a package.json says what a package below it is run with.
      if (!texts.has(path)) texts.set(path, readIfThere(join(folder, path)));
      return texts.get(path);
    },
  };
  const found = discoverProcesses(files, system);
  return { found, files };
}
