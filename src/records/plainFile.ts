import { close, closeSync, constants, fstat, fstatSync, open as openFile, openSync, type Stats, writeFile } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Opening a pipe would wait for its writer. Windows does not have it. */
const readFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Opening a pipe would wait for its reader. Windows does not have the last one. */
const appendFlags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);
/** A link leads elsewhere; Windows does not have this either. */
const noLink = constants.O_NOFOLLOW ?? 0;
/** What the system says where a folder, or a pipe or socket without a reader, is opened to be written. */
const notPlain: ReadonlySet<unknown> = new Set(['EISDIR', 'ENXIO']);

// By descriptors: a handle of Node's costs more than all that is done with it here.
const [openAsync, statAsync, writeAsync, closeAsync] = [promisify(openFile), promisify(fstat), promisify(writeFile), promisify(close)];

/** A file that is open for appending; the caller closes it. */
export interface Appendable {
  readonly fd: number;
  readonly status: Stats;
}

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
 * Opens a plain file, which is made where it is missing, to write behind what it holds.
 * @throws the system's error, or one that says that it is not a plain file.
 */
export async function openForAppending(path: string, links: 'follow' | 'refuse'): Promise<Appendable> {
  const fd = await openAsync(path, links === 'follow' ? appendFlags : appendFlags | noLink, 0o600).catch((error: NodeJS.ErrnoException) => {
    throw notPlain.has(error.code) ? new Error(`${path} is not a plain file`) : error;
  });
  try {
    const status = await statAsync(fd);
    assertPlain(path, status);
    return { fd, status };
  } catch (error) {
    await closeAsync(fd);
    throw error;
  }
}

/** @throws the system's error. */
export async function closeAppended({ fd }: Appendable): Promise<void> {
  await closeAsync(fd);
}

/**
 * Writes behind what a plain file holds, which is made where it is missing.
 * @throws the system's error, after which a part may have been written, or one that says that it is not a plain file.
 */
export async function appendToPlainFile(path: string, text: string | Buffer): Promise<void> {
  await appendWithin(path, text, Number.POSITIVE_INFINITY);
}

/** As {@link appendToPlainFile}; false where the file would have more bytes than `maxBytes` then, and nothing was written. */
export async function appendWithin(path: string, text: string | Buffer, maxBytes: number): Promise<boolean> {
  const { fd, status } = await openForAppending(path, 'refuse');
  try {
    if (status.size + Buffer.byteLength(text) > maxBytes) return false;
    await writeAsync(fd, text);
    return true;
  } finally {
    await closeAsync(fd);
  }
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
