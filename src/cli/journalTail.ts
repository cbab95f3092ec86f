import { type FileHandle, open, stat } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';

/** A log is set aside under up to this many numbers; what is written late by another process of the same log goes there. */
const maxSetAside = 3;
/** Maximum number of looks for new files before they are read. */
const maxPasses = 3;
/** Bytes that are read at once. */
const chunkBytes = 256 * 1024;
/** Maximum length of a line, in characters: what is longer is no line of a journal. */
const maxLine = 2 ** 22;

/** What is read of one file so far. */
interface ReadFile {
  readonly handle: FileHandle;
  readonly inode: number;
  readonly decoder: StringDecoder;
  offset: number;
  /** The beginning of a line whose end is not written yet. */
  rest: string;
}

/** The lines of a journal, from its oldest file on, also while it is written, and set aside, by several wardens. */
export class JournalTail implements AsyncDisposable {
  readonly #path: string;
  /** Oldest first. */
  readonly #files: ReadFile[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** Hands over each line that was written since the last call. A file that is not there has none. */
  async read(onLine: (line: string) => void): Promise<void> {
    // A file that is renamed while the others are looked for may be seen under neither number.
    for (let pass = 0; pass < maxPasses && (await this.#openNew()); pass++);
    for (const file of this.#files) await readLines(file, onLine);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#files.splice(0).map(({ handle }) => handle.close()));
  }

  /** By inode: a file that was renamed since is the same one. Answers whether there was a new one. */
  async #openNew(): Promise<boolean> {
    let isNew = false;
    const seen = new Set<number>();
    for (let number = maxSetAside; number >= 0; number--) {
      const path = number === 0 ? this.#path : `${this.#path}.${number}`;
      const inode = await inodeOf(path);
      if (inode === undefined) continue;
      seen.add(inode);
      if (this.#files.some((file) => file.inode === inode)) continue;
      const handle = await open(path, 'r').catch(() => undefined);
      if (handle === undefined) continue;
      // It may have been renamed between the two.
      const { ino } = await handle.stat();
      seen.add(ino);
      if (this.#files.some((file) => file.inode === ino)) {
        await handle.close();
        continue;
      }
      this.#files.push({ handle, inode: ino, decoder: new StringDecoder('utf8'), offset: 0, rest: '' });
      isNew = true;
    }
    // What has been removed may be written to by a process that has it open still.
    for (const gone of this.#files.filter(({ inode }) => !seen.has(inode)).slice(0, -maxSetAside)) {
      this.#files.splice(this.#files.indexOf(gone), 1);
      await gone.handle.close();
    }
    return isNew;
  }
}

async function readLines(file: ReadFile, onLine: (line: string) => void): Promise<void> {
  const buffer = Buffer.alloc(chunkBytes);
  for (;;) {
    const { bytesRead } = await file.handle.read(buffer, 0, buffer.length, file.offset);
    if (bytesRead === 0) return;
    file.offset += bytesRead;
    const lines = (file.rest + file.decoder.write(buffer.subarray(0, bytesRead))).split('\n');
    const rest = lines.pop() ?? '';
    file.rest = rest.length > maxLine ? '' : rest;
    for (const line of lines) onLine(line);
  }
}

async function inodeOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ ino }) => ino,
    () => undefined,
  );
}
