import { type Stats, writev } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LogRotation } from '../../protocol/logRotation.ts';
import { makeFolder } from '../../records/makeFolder.ts';
import { type Appendable, closeAppended, openForAppending } from '../../records/plainFile.ts';
import { QueueMemory } from './queueMemory.ts';
import { Slab } from './slab.ts';

/**
 * How much may wait for the disk before the source is to be held up, and from when on it may go on, in bytes: the one goes on reading while the other is writing, also where each
 * read brings as much as the least. The ring of an output is larger, so what is not in it any more is in the file.
 */
const waiting = { most: 512 * 1024, least: 256 * 1024 } as const;
/** Maximum number of chunks that are written at once. */
const maxChunks = 512;

/** What waits to be written. */
interface Waiting {
  readonly chunk: Buffer;
  /** That the chunk is in, and is held for it; undefined where it is a copy. */
  readonly slab?: Slab;
}

export interface RotatingFileEvents {
  /** The disk has caught up, after {@link RotatingFile.write} has returned false. */
  onDrain(): void;
  /** Nothing waits for the disk any more. */
  onWritten?(): void;
  /** The file was set aside as `.1`; the new one is not there yet. */
  onSetAside(): void;
  /** Called once: nothing is written any more, and what was waiting is lost. */
  onError(error: Error): void;
}

/**
 * A file that is appended to, and set aside when it has reached its size: `.1` is the newest of those, and `maxFiles` are kept. Several processes may
 * append to one, as all wardens of a user do to the journal.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #rotation: LogRotation;
  readonly #events: RotatingFileEvents;
  #file: Appendable | undefined;
  #size = 0;
  #queue: Waiting[] = [];
  readonly #memory = new QueueMemory(2 * waiting.most);
  /** Of the queue, and of what is being written. */
  #waitingBytes = 0;
  /** It is being opened, written, set aside or closed. */
  #isBusy = false;
  #isHeldUp = false;
  #hasFailed = false;
  #isEnding = false;
  readonly #ended: Promise<void>;
  #onEnded: () => void = () => undefined;

  constructor(path: string, rotation: LogRotation, events: RotatingFileEvents) {
    this.#path = path;
    this.#rotation = rotation;
    this.#events = events;
    this.#ended = new Promise((resolve) => {
      this.#onEnded = resolve;
    });
    void this.#alone(async () => {
      await this.#open();
      await this.#rotateIfFull();
    });
  }

  /** Keeps it, or a copy. False where the disk is behind: what is given then is written all the same. */
  write(chunk: Buffer): boolean {
    if (this.#hasFailed) return true;
    this.#queue.push(this.#keep(chunk));
    this.#waitingBytes += chunk.length;
    this.#next();
    this.#isHeldUp ||= this.#waitingBytes >= waiting.most;
    return !this.#isHeldUp;
  }

  /** How much waits for the disk, or is being written, in bytes. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Resolves when all of it is written and the file is closed, or it has failed. */
  end(): Promise<void> {
    this.#isEnding = true;
    this.#next();
    return this.#ended;
  }

  #keep(chunk: Buffer): Waiting {
    const slab = Slab.share(chunk);
    return slab ? { chunk, slab } : { chunk: this.#memory.keep(chunk) };
  }

  #release(group: readonly Waiting[]): void {
    for (const { chunk, slab } of group) {
      if (slab) slab.release();
      else this.#memory.release(chunk);
    }
  }

  #next(): void {
    if (this.#isBusy || this.#hasFailed) return;
    const file = this.#file;
    if (file && this.#queue.length > 0) {
      this.#isBusy = true;
      this.#write(file.fd, this.#takeGroup());
    } else if (file && this.#isEnding) {
      this.#isBusy = true;
      void this.#close().then(
        () => this.#onEnded(),
        (error: Error) => this.#fail(error),
      );
    }
  }

  /** What is written at once: the chunk with which the file reaches its size is the last one. */
  #takeGroup(): Waiting[] {
    let [size, count] = [this.#size, 0];
    while (count < Math.min(this.#queue.length, maxChunks) && size < this.#rotation.maxBytes)
      size += this.#queue[count++]?.chunk.length ?? 0;
    return this.#queue.splice(0, count);
  }

  /** Without promises, which cost more than the write. */
  #write(fd: number, group: readonly Waiting[], chunks: readonly Buffer[] = group.map(({ chunk }) => chunk)): void {
    writev(fd, chunks, (error, written) => {
      if (error) {
        this.#release(group);
        this.#fail(error);
        return;
      }
      this.#size += written;
      this.#waitingBytes -= written;
      const rest = behind(chunks, written);
      // A disk that is full takes a part, and then says so.
      if (rest.length > 0) {
        this.#write(fd, group, rest);
        return;
      }
      this.#release(group);
      if (this.#size >= this.#rotation.maxBytes) void this.#alone(() => this.#rotateIfFull());
      else {
        this.#isBusy = false;
        this.#next();
      }
      this.#tellDrained();
    });
  }

  #tellDrained(): void {
    if (this.#waitingBytes === 0) this.#events.onWritten?.();
    if (!this.#isHeldUp || this.#waitingBytes > waiting.least) return;
    this.#isHeldUp = false;
    this.#events.onDrain();
  }

  /** Nothing is written meanwhile. */
  async #alone(step: () => Promise<void>): Promise<void> {
    this.#isBusy = true;
    try {
      await step();
      this.#isBusy = false;
      this.#next();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  async #open(): Promise<void> {
    this.#file = await openForAppending(this.#path, 'follow').catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      makeFolder(dirname(this.#path));
      return await openForAppending(this.#path, 'follow');
    });
    this.#size = this.#file.status.size;
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file) await closeAppended(file);
  }

  async #rotateIfFull(): Promise<void> {
    const { maxBytes, maxFiles } = this.#rotation;
    if (this.#size < maxBytes) return;
    const isSetAside = await this.#isSetAside();
    await this.#close();
    if (isSetAside) {
      await this.#open();
      return;
    }
    for (let number = maxFiles; number > 0; number--) {
      const before = number === 1 ? this.#path : `${this.#path}.${number - 1}`;
      await rename(before, `${this.#path}.${number}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
    this.#events.onSetAside();
    await this.#open();
  }

  /** Another process that writes it has done that already: to do it again would set a file aside that has hardly begun. */
  async #isSetAside(): Promise<boolean> {
    const own = this.#file?.status;
    const there: Stats | undefined = await stat(this.#path).catch(() => undefined);
    return own?.ino !== there?.ino || own?.dev !== there?.dev;
  }

  #fail(error: Error): void {
    this.#hasFailed = true;
    this.#release(this.#queue);
    this.#queue = [];
    this.#waitingBytes = 0;
    // Whether it can be closed makes no difference any more.
    void this.#close()
      .catch(() => undefined)
      .then(() => this.#onEnded());
    this.#events.onError(error);
  }
}

/** What comes behind the first bytes of chunks. */
function behind(chunks: readonly Buffer[], bytes: number): Buffer[] {
  let left = bytes;
  return chunks.flatMap((chunk) => {
    const taken = Math.min(left, chunk.length);
    left -= taken;
    return taken < chunk.length ? [chunk.subarray(taken)] : [];
  });
}
