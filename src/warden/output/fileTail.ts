import { appendFileSync, closeSync, fstatSync, openSync, readSync, renameSync, statSync, truncateSync, unlinkSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { errorText } from '../../protocol/errors.ts';

/** How often there may be something new, in milliseconds. */
const lookMillis = 200;
/** When a file is set aside and begun anew: a detached process keeps writing to the file that it was born with. */
const rotateBytes = 10 * 2 ** 20;
/** How much is read in one turn of the event loop: some writers are as fast as any reader. */
const turnBytes = 512 * 1024;

/** Reads what a process writes to a file by itself, as it comes. */
export class FileTail {
  readonly #path: string;
  readonly #onChunk: (chunk: Buffer) => void;
  readonly #buffer = Buffer.allocUnsafe(64 * 1024);
  readonly #timer: NodeJS.Timeout;
  readonly #fd: number;
  #position: number;
  #next: NodeJS.Immediate | undefined;
  /** Where it ends, once that is known. */
  #closeAt: { readonly size: number; readonly done: () => void } | undefined;
  #closed = false;
  #isRotating = false;

  /** Begins with the last `backlogBytes`. @throws the system's error where the file cannot be read. */
  constructor(path: string, backlogBytes: number, onChunk: (chunk: Buffer) => void) {
    this.#path = path;
    this.#onChunk = onChunk;
    this.#fd = openSync(path, 'r');
    this.#position = Math.max(0, fstatSync(this.#fd).size - backlogBytes);
    this.#timer = setInterval(() => this.#look(), lookMillis);
  }

  /** How much of the file has been read. */
  get position(): number {
    return this.#position;
  }

  /** Reads what is there by now, turn by turn, and lets go; `done` is called then, in a later turn where there is much. */
  close(done: () => void = () => undefined): void {
    if (this.#closed || this.#closeAt) return;
    clearInterval(this.#timer);
    this.#closeAt = { size: this.#sizeNow() ?? 0, done };
    this.#look();
  }

  /** A part of what is there now; the rest in the next turns. */
  #look(): void {
    clearImmediate(this.#next);
    if (this.#closed) return;
    const size = this.#closeAt?.size ?? this.#sizeNow();
    if (size === undefined) return;
    // Another process has truncated it.
    if (size < this.#position && !this.#closeAt) this.#position = 0;
    const isBehind = this.#read(Math.min(size, this.#position + turnBytes)) && this.#position < size;
    if (isBehind) this.#next = setImmediate(() => this.#look());
    else if (this.#closeAt) this.#letGo();
    else if (this.#position > rotateBytes && !this.#isRotating) void this.#rotate();
  }

  /** False where there was less to read than expected. */
  #read(to: number): boolean {
    try {
      while (this.#position < to) {
        const count = readSync(this.#fd, this.#buffer, 0, Math.min(this.#buffer.length, to - this.#position), this.#position);
        if (count === 0) return false;
        this.#position += count;
        this.#onChunk(Buffer.from(this.#buffer.subarray(0, count)));
      }
      return true;
    } catch (error) {
      this.#giveUp(error);
      return false;
    }
  }

  #sizeNow(): number | undefined {
    try {
      return fstatSync(this.#fd).size;
    } catch (error) {
      this.#giveUp(error);
      return undefined;
    }
  }

  #letGo(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    closeSync(this.#fd);
    this.#closeAt?.done();
  }

  /** A disk that fails is no reason for the warden to fail: the reader is told. */
  #giveUp(error: unknown): void {
    if (this.#closed) return;
    this.#onChunk(Buffer.from(`\ntree-warden: ${this.#path} cannot be read any more: ${errorText(error)}\n`));
    this.#letGo();
  }

  /**
   * The writer appends, so it goes on at the new end. A copy may be long, so it is made by another thread; what has been written
   * meanwhile is added. What is more than can be added in one turn, and what is written between that and the cut, is in neither.
   */
  async #rotate(): Promise<void> {
    this.#isRotating = true;
    const copy = `${this.#path}.next`;
    try {
      const before = this.#position;
      await copyFile(this.#path, copy);
      if (this.#closed || this.#closeAt || this.#position < before) return;
      const end = appendFrom(this.#fd, copy, rotateBytes);
      const skipped = Math.max(0, end - this.#position - rotateBytes);
      if (skipped > 0) this.#onChunk(Buffer.from(`\ntree-warden: ${skipped} bytes came too fast to be read here\n`));
      this.#position += skipped;
      this.#read(end);
      // In one turn, so that a reader of the files never sees the same bytes in both, or in neither.
      renameSync(copy, `${this.#path}.1`);
      truncateSync(this.#path);
      this.#position = 0;
    } catch {
      // A full disk: it goes on growing in the file that there is, or fails there, at the writer.
    } finally {
      removeIfThere(copy);
      this.#isRotating = false;
    }
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It has become the file that was set aside, or could not be made.
  }
}

/** Adds to a copy what its original has got since, `limit` bytes at most; answers with the size of the copy then. */
function appendFrom(original: number, copy: string, limit: number): number {
  const { size } = statSync(copy);
  const late = Buffer.alloc(Math.max(0, Math.min(fstatSync(original).size - size, limit)));
  const count = readSync(original, late, 0, late.length, size);
  if (count > 0) appendFileSync(copy, late.subarray(0, count));
  return size + count;
}
