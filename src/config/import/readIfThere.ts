import { statSync } from 'node:fs';
import { readTextFile } from '../textFile.ts';

/** The text of a regular file; undefined where there is none, or it cannot be read. To open a FIFO would block. */
export function readIfThere(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? readTextFile(path) : undefined;
  } catch {
    return undefined;
  }
}
