/** The newest bytes of a stream, addressed by their position since its beginning. */
export class OutputBuffer {
  readonly #capacity: number;
  readonly #chunks: Buffer[] = [];
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

  append(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#end += chunk.length;
    // Whole chunks go, so up to one chunk less than the capacity is kept; never the newest one.
    for (
      let first = this.#chunks[0];
      first && this.#chunks.length > 1 && this.#end - this.#start > this.#capacity;
      first = this.#chunks[0]
    ) {
      this.#chunks.shift();
      this.#start += first.length;
    }
  }

  /** Counts bytes that are not there: what is kept begins behind them. */
  skip(bytes: number): void {
    this.#chunks.length = 0;
    this.#end += bytes;
    this.#start = this.#end;
  }

  /** Up to `limit` bytes from `position` on, or from the oldest kept byte where that is gone. */
  read(position: number, limit: number): Buffer {
    let skip = Math.max(position, this.#start) - this.#start;
    const parts: Buffer[] = [];
    let wanted = limit;
    for (const chunk of this.#chunks) {
      if (wanted <= 0) break;
      if (skip >= chunk.length) {
        skip -= chunk.length;
        continue;
      }
      const part = chunk.subarray(skip, skip + wanted);
      parts.push(part);
      wanted -= part.length;
      skip = 0;
    }
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  }
}
