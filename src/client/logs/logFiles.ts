import { type FileHandle, stat } from 'node:fs/promises';
import { maxSetAside } from '../../protocol/logRotation.ts';
import { openPlainFile } from '../../records/plainFile.ts';

interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly inode: number;
  readonly size: number;
}

/** The open files of one log: what is renamed or removed meanwhile can be read all the same. */
export class LogFiles implements AsyncDisposable {
  /** Position of the oldest byte. */
  readonly first: number;
  /** Position of the newest file's first byte. */
  readonly #start: number;
  /** Newest first. */
  readonly #files: readonly OpenFile[];

  /**
   * The file at `path`, whose first byte is at `start`, and those that were set aside before it. Undefined where there is none, or they
   * are being renamed just now.
   * @throws the system's error where a file may not be read.
   */
  static async open(path: string, start: number): Promise<LogFiles | undefined> {
    const files: OpenFile[] = [];
    try {
      for (let number = 0; number <= maxSetAside; number++) {
        const file = await openIfThere(number === 0 ? path : `${path}.${number}`);
        if (file === undefined) break;
        files.push(file);
      }
      const settled = await Promise.all(files.map(async (file) => (await inodeOf(file.path)) === file.inode));
      // While files are renamed, a number may be missing, or a file be there under two.
      const isConsistent = files.length > 0 && settled.every(Boolean) && (await inodeOf(`${path}.${files.length + 1}`)) === undefined;
      if (isConsistent) return new LogFiles(files.splice(0), start);
      return undefined;
    } finally {
      await Promise.all(files.map(({ handle }) => handle.close()));
    }
  }

  private constructor(files: readonly OpenFile[], start: number) {
    this.#files = files;
    this.#start = start;
    this.first = files.slice(1).reduce((sum, { size }) => sum - size, start);
  }

  /** Of all files together, in bytes, when they were opened. */
  get size(): number {
    return this.#files.reduce((sum, { size }) => sum + size, 0);
  }

  get count(): number {
    return this.#files.length;
  }

  /** Reads into `buffer` from `position` on, within one file; 0 at the end of all. */
  async read(position: number, buffer: Buffer): Promise<number> {
    let start = this.#start;
    for (const [index, { handle, size }] of this.#files.entries()) {
      if (index > 0) start -= size;
      if (position < start) continue;
      const { bytesRead } = await handle.read(
        buffer,
        0,
        index === 0 ? buffer.length : Math.min(buffer.length, start + size - position),
        position - start,
      );
      return bytesRead;
    }
    return 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#files.map(({ handle }) => handle.close()));
  }
}

async function openIfThere(path: string): Promise<OpenFile | undefined> {
  try {
    const { handle, status } = await openPlainFile(path);
    return { path, handle, inode: status.ino, size: status.size };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function inodeOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ ino }) => ino,
    () => undefined,
  );
}
