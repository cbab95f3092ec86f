/** What is shorter, in bytes, is copied: it is not worth the whole slab that it would keep from being used again. */
const leastShared = 64 * 1024;

/**
 * Memory that several keep parts of, so that none of them copies what is in it. Each part is written once; when no holder is left, `onFree` may use all of it again. New
 * memory for each read would be faulted in by the kernel, page by page, and cleared away by the garbage collector, which looks at all else each time.
 */
export class Slab {
  static readonly #byMemory = new WeakMap<ArrayBufferLike, Slab>();
  readonly memory: Buffer;
  readonly #onFree: (slab: Slab) => void;
  #holders = 0;

  constructor(bytes: number, onFree: (slab: Slab) => void) {
    this.memory = Buffer.allocUnsafeSlow(bytes);
    this.#onFree = onFree;
    Slab.#byMemory.set(this.memory.buffer, this);
  }

  /** Holds the slab that a chunk is in, for one who keeps the chunk; undefined where it is in none, or so short that a copy is better. */
  static share(chunk: Buffer): Slab | undefined {
    const slab = chunk.length < leastShared ? undefined : Slab.#byMemory.get(chunk.buffer);
    slab?.hold();
    return slab;
  }

  hold(): void {
    this.#holders++;
  }

  /** Once for each {@link hold}. */
  release(): void {
    if (--this.#holders === 0) this.#onFree(this);
  }
}

/** Slabs of one size that are used again. */
export class SlabPool {
  readonly #bytes: number;
  readonly #maxFree: number;
  readonly #free: Slab[] = [];

  /** Keeps up to `maxFree` that are free. */
  constructor(bytes: number, maxFree: number) {
    this.#bytes = bytes;
    this.#maxFree = maxFree;
  }

  /** Held once, by the caller. */
  take(): Slab {
    const slab = this.#free.pop() ?? new Slab(this.#bytes, (free) => this.#keep(free));
    slab.hold();
    return slab;
  }

  #keep(slab: Slab): void {
    if (this.#free.length < this.#maxFree) this.#free.push(slab);
  }
}
