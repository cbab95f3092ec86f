import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder for this user alone, with those above it, also where other processes make them at the same time. Node's own `recursive` never
 * returns where a file system answers ENOENT to every mkdir, as /proc does (seen with Node 24).
 * False where something of that name is there already.
 * @throws the system's error.
 */
export function makeFolder(path: string): boolean {
  try {
    return makeOne(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    if (!existsSync(dirname(path))) makeFolder(dirname(path));
    return makeOne(path);
  }
}

function makeOne(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
