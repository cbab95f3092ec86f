import { closeSync, constants, fstatSync, opendirSync, openSync, readSync } from 'node:fs';

/**
 * The text of a plain file. Its size is known before anything of it is read; a link, a device or a pipe is refused, so that opening it
 * neither leads elsewhere nor waits.
 * @throws Error that says what is wrong with it.
 */
export function readBoundedFile(path: string, maxBytes: number): string {
  // Windows has neither of the last two.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const found = fstatSync(fd);
    if (!found.isFile()) throw new Error('it is not a plain file');
    if (found.size > maxBytes) throw new Error(`it has ${found.size} bytes, which is over the limit of ${maxBytes}`);
    const buffer = Buffer.allocUnsafe(found.size);
    let length = 0;
    while (length < buffer.length) {
      const count = readSync(fd, buffer, length, buffer.length - length, length);
      if (count === 0) break;
      length += count;
    }
    return buffer.toString('utf8', 0, length);
  } finally {
    closeSync(fd);
  }
}

/** The entries of a folder, in no order; `complete` is false where there are more. */
export function listBounded(path: string, maxEntries: number): { readonly entries: readonly Entry[]; readonly complete: boolean } {
  const entries: Entry[] = [];
  const folder = opendirSync(path);
  try {
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
      if (entries.length === maxEntries) return { entries, complete: false };
      entries.push({ name: entry.name, isFolder: entry.isDirectory() });
    }
    return { entries, complete: true };
  } finally {
    folder.closeSync();
  }
}

export interface Entry {
  readonly name: string;
  /** False for a link to one. */
  readonly isFolder: boolean;
}
