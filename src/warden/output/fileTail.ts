import { closeSync, copyFileSync, fstatSync, openSync, readSync, truncateSync } from 'node:fs';

/** How often there may be something new, in milliseconds. */
const lookMillis = 200;
/** When a file is set aside and begun anew: a detached process keeps writing to the file that it was born with. */
const rotateBytes = 10 * 2 ** 20;

/** Reads what a process writes to a file by itself, as it comes. */
export class FileTail {
  readonly #path: string;
  readonly #onChunk: (chunk: Buffer) => void;
  readonly #buffer = Buffer.allocUnsafe(64 * 1024);
  readonly #timer: NodeJS.Timeout;
  readonly #fd: number;
  #position: number;
  #closed = false;

  /** Begins with the last `backlogBytes`. @throws the system's error where the file cannot be read. */
  constructor(path: string, backlogBytes: number, onChunk: (chunk: Buffer) => void) {
    this.#path = path;
    this.#onChunk = onChunk;
    this.#fd = openSync(path, 'r');
    this.#position = Math.max(0, fstatSync(this.#fd).size - backlogBytes);
    this.#timer = setInterval(() => this.look(), lookMillis);
  }

  /** Reads all that is there now. */
  look(): void {
    if (this.#closed) return;
    const { size } = fstatSync(this.#fd);
    // Somebody has emptied it.
    if (size < this.#position) this.#position = 0;
    for (;;) {
      const count = readSync(this.#fd, this.#buffer, 0, this.#buffer.length, this.#position);
      if (count === 0) break;
      this.#position += count;
      this.#onChunk(Buffer.from(this.#buffer.subarray(0, count)));
    }
    if (this.#position > rotateBytes) this.#rotate();
  }

  /** Reads what is left, and lets go. */
  close(): void {
    if (this.#closed) return;
    this.look();
    this.#closed = true;
    clearInterval(this.#timer);
    closeSync(this.#fd);
  }

  /** The writer appends, so it goes on at the new end. What it writes between the copy and the cut is in neither. */
  #rotate(): void {
    try {
      copyFileSync(this.#path, `${this.#path}.1`);
      truncateSync(this.#path);
      this.#position = 0;
    } catch {
      // A full disk: it goes on growing in the file that there is, or fails there, at the writer.
    }
  }
}
