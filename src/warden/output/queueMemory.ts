/** What is no longer than this, in bytes, has memory of its own: it is not worth the other. */
const smallBytes = 16 * 1024;

/**
 * Memory for what waits to be written, in the order in which it came: used again, because memory that is new for each chunk is cleared by the garbage
 * collector, and that looks at all else each time.
 */
export class QueueMemory {
  readonly #bytes: number;
  #memory: Buffer | undefined;
  /** Where the next chunk goes, and where the oldest begins. */
  #head = 0;
  #tail = 0;
  #count = 0;

  /** As much as is kept at most, in bytes; what is more has memory of its own. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** A copy, which is the caller's until it is released. */
  keep(chunk: Buffer): Buffer {
    const at = chunk.length <= smallBytes ? undefined : this.#place(chunk.length);
    if (at === undefined) return Buffer.from(chunk);
    this.#memory ??= Buffer.allocUnsafeSlow(this.#bytes);
    chunk.copy(this.#memory, at);
    this.#head = at + chunk.length;
    this.#count++;
    return this.#memory.subarray(at, this.#head);
  }

  /** The oldest that is left. */
  release(kept: Buffer): void {
    if (kept.buffer !== this.#memory?.buffer) return;
    this.#tail = kept.byteOffset + kept.length;
    if (--this.#count === 0) this.#head = this.#tail = 0;
  }

  /** Undefined where there is no room for it in one piece. */
  #place(length: number): number | undefined {
    const wraps = this.#count > 0 && this.#head <= this.#tail;
    if (wraps) return length <= this.#tail - this.#head ? this.#head : undefined;
    if (length <= this.#bytes - this.#head) return this.#head;
    return length <= this.#tail ? 0 : undefined;
  }
}
