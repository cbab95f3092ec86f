import { isAbsolute, resolve as resolvePath } from 'node:path';
import { homeFolder } from '../protocol/homeFolder.ts';

/** As a person writes it: relative to the folder, or to his own by a `~`. */
export function pathIn(folder: string, written: string): string {
  const path = written.replace(/^~(?=\/|$)/, homeFolder);
  return isAbsolute(path) ? path : resolvePath(folder, path);
}
