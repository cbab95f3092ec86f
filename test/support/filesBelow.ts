import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Path and text of every file below a folder; undefined where one was replaced or removed meanwhile, as records are: look again. */
export function filesBelow(folder: string): ReadonlyMap<string, string> | undefined {
  try {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return new Map(files.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'utf8')]));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
}
