/** Time in milliseconds over which requests are counted. */
const windowMillis = 60_000;
/** Number of parts of the window: a count is as old as one of them at most. */
const parts = 12;
/** Time in milliseconds after which a request without an answer no longer counts as outstanding: some are held until there is news. */
const forgottenMillis = 60_000;

/** Counts the requests to a server. */
export class RequestMeter {
  readonly #now: () => number;
  readonly #counts: { readonly part: number; count: number }[] = [];
  readonly #outstanding = new Map<symbol, number>();
  #lastAt: number;

  /** @param now Milliseconds by a clock that is never put back. */
  constructor(now = () => performance.now()) {
    this.#now = now;
    this.#lastAt = now();
  }

  /** Counts a request until it is answered, or has failed. */
  async count<T>(request: () => Promise<T>): Promise<T> {
    const key = Symbol();
    this.#begin(key);
    try {
      return await request();
    } finally {
      this.#outstanding.delete(key);
      this.#lastAt = this.#now();
    }
  }

  get perMinute(): number {
    const oldest = this.#partAt(this.#now()) - parts;
    return this.#counts.reduce((sum, { part, count }) => (part > oldest ? sum + count : sum), 0);
  }

  get outstanding(): number {
    const now = this.#now();
    return [...this.#outstanding.values()].filter((since) => now - since < forgottenMillis).length;
  }

  /** Since the last request or answer. */
  get quietMillis(): number {
    return this.#now() - this.#lastAt;
  }

  #begin(key: symbol): void {
    const now = this.#now();
    this.#lastAt = now;
    this.#outstanding.set(key, now);
    const part = this.#partAt(now);
    const last = this.#counts.at(-1);
    if (last?.part === part) last.count++;
    else this.#counts.push({ part, count: 1 });
    if (this.#counts.length > parts + 1) this.#counts.shift();
  }

  #partAt(time: number): number {
    return Math.floor(time / (windowMillis / parts));
  }
}
