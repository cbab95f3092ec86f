/** Size of the memory at first, in bytes: most processes print little. */
const leastBytes = 4096;

/** The newest bytes of a stream, addressed by their position since its beginning: a copy of them, so that what they come in can be used again. */
export class OutputBuffer {
  readonly #capacity: number;
  /** A position of the stream is at its remainder by the length of this. */
  #memory = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Position of the oldest byte that is kept. */
  get start(): number {
    return this.#start;
  }

  /** Position behind the newest byte. */
  get end(): number {
    return this.#end;
  }

  /** All of it is kept, whatever the capacity, until the next one comes. */
  append(chunk: Buffer): void {
    const end = this.#end + chunk.length;
    this.#start = Math.max(this.#start, end - Math.max(this.#capacity, chunk.length));
    if (end - this.#start > this.#memory.length) this.#grow(end - this.#start);
    const at = this.#end % this.#memory.length;
    const first = chunk.copy(this.#memory, at);
    if (first < chunk.length) chunk.copy(this.#memory, 0, first);
    this.#end = end;
  }

  /** Counts bytes that are not there: what is kept begins behind them. */
  skip(bytes: number): void {
    this.#end += bytes;
    this.#start = this.#end;
  }

  /** Up to `limit` bytes from `position` on, or from the oldest kept byte where that is gone. */
  read(position: number, limit: number): Buffer {
    const from = Math.min(Math.max(position, this.#start), this.#end);
    return Buffer.concat(this.#parts(from, Math.min(from + limit, this.#end)));
  }

  #grow(needed: number): void {
    const size = Math.max(needed, leastBytes, Math.min(2 * this.#memory.length, this.#capacity));
    const kept = this.#start < this.#end ? this.#parts(this.#start, this.#end) : [];
    const memory = Buffer.allocUnsafeSlow(size);
    let position = this.#start;
    for (const part of kept) {
      const first = part.copy(memory, position % size);
      if (first < part.length) part.copy(memory, 0, first);
      position += part.length;
    }
    this.#memory = memory;
  }

  /** Views of the memory. */
  #parts(from: number, to: number): Buffer[] {
    if (from >= to) return [];
    const { length } = this.#memory;
    const at = from % length;
    const first = this.#memory.subarray(at, at + to - from);
    return first.length === to - from ? [first] : [first, this.#memory.subarray(0, to - from - first.length)];
  }
}
