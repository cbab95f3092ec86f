import { posix } from 'node:path';
import { withoutByteOrderMark } from '../textFile.ts';
import type { FolderIndex } from './folderIndex.ts';
import type { ProjectFolder, System } from './foundTask.ts';

/** What a workspace holds; paths are relative to it, with slashes. */
export interface WorkspaceFiles {
  readonly index: FolderIndex;
  /** Undefined where there is no such file, or it cannot be read. */
  read(path: string): string | undefined;
}

/** One folder of it. */
export function projectFolder(files: WorkspaceFiles, path: string, system: System): ProjectFolder {
  const folder = (below = ''): string => posix.join(path, below).replace(/^\.$|\/$/, '');
  return {
    system,
    has: (name) => {
      const { dir, base } = posix.parse(name);
      return files.index.get(folder(dir))?.files.has(base) ?? false;
    },
    read: (name) => {
      const text = files.read(folder(name));
      return text === undefined ? undefined : withoutByteOrderMark(text);
    },
    folders: (below) => files.index.get(folder(below))?.folders ?? [],
    parent: path === '' ? undefined : projectFolder(files, path.includes('/') ? posix.dirname(path) : '', system),
  };
}
