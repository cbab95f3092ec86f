/** Servers quote what they were sent in their errors; a client of this gateway may not be one that has the key. */

/** In characters. */
const shortestKey = 8;
const star = '*'.charCodeAt(0);

/** Replaces a key in bytes that come in pieces; their number stays the same, so that what was said of their length holds. */
export class KeyMask {
  readonly #key: Buffer;
  /** The end of what has come, which may be the beginning of the key. */
  #held = Buffer.alloc(0);

  /** Undefined where there is nothing to hide: what is shorter is a word such as `none`, for a server that wants some key. */
  static of(key: string | undefined): KeyMask | undefined {
    return key === undefined || key.length < shortestKey ? undefined : new KeyMask(key);
  }

  private constructor(key: string) {
    this.#key = Buffer.from(key);
  }

  /** What can be passed on. */
  add(chunk: Buffer): Buffer {
    const bytes = Buffer.concat([this.#held, chunk]);
    for (let at = bytes.indexOf(this.#key); at >= 0; at = bytes.indexOf(this.#key, at)) bytes.fill(star, at, at + this.#key.length);
    const length = this.#heldIn(bytes);
    this.#held = bytes.subarray(bytes.length - length);
    return bytes.subarray(0, bytes.length - length);
  }

  /** What is left. */
  end(): Buffer {
    return this.#held;
  }

  /** Number of bytes at the end with which the key begins. */
  #heldIn(bytes: Buffer): number {
    for (let length = Math.min(bytes.length, this.#key.length - 1); length > 0; length--)
      if (bytes.subarray(bytes.length - length).equals(this.#key.subarray(0, length))) return length;
    return 0;
  }
}
