import { unlinkSync, writeFileSync } from 'node:fs';

/**
 * Writes a file of this user alone. What has its name already is removed, not opened: a link leads to another file, and opening a pipe
 * waits for its reader.
 * @throws the system's error.
 */
export function writeNewFile(path: string, text: string): void {
  const options = { mode: 0o600, flag: 'wx' };
  try {
    writeFileSync(path, text, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    unlinkSync(path);
    writeFileSync(path, text, options);
  }
}
