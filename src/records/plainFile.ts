import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Opening a pipe would wait for its writer. Windows does not have it. */
const readFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Opening a pipe would wait for its reader, and a link leads elsewhere. Windows has neither of the last two. */
const appendFlags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a plain file that other programs may have replaced, for reading; the caller closes it.
 * @throws the system's error, or one that says that it is not a plain file.
 */
export async function openPlainFile(path: string): Promise<{ readonly handle: FileHandle; readonly status: Stats }> {
  const handle = await open(path, readFlags);
  try {
    const status = await handle.stat();
    assertPlain(path, status);
    return { handle, status };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Writes behind what a plain file holds, which is made where it is missing.
 * @throws the system's error, after which a part may have been written, or one that says that it is not a plain file.
 */
export async function appendToPlainFile(path: string, text: string | Buffer): Promise<void> {
  await using file = await open(path, appendFlags, 0o600);
  assertPlain(path, await file.stat());
  await file.writeFile(text);
}

/** As {@link openPlainFile}, in one turn. */
export function openPlainFileSync(path: string): number {
  const fd = openSync(path, readFlags);
  try {
    assertPlain(path, fstatSync(fd));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function assertPlain(path: string, status: Stats): void {
  if (!status.isFile()) throw new Error(`${path} is not a plain file`);
}
