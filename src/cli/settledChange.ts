/** Time for which what has changed has to stay as it is, in milliseconds: a save may be several writes, and several saves may follow each other. */
const settleMillis = 200;
/** Time after which a change counts although it goes on, in milliseconds. */
const longestMillis = 2000;

/** Decides when changes of files count, by what looks at them have found. */
export class SettledChange {
  #settled: string | undefined;
  #last: string | undefined;
  #lastChangedAt = 0;
  #begunAt: number | undefined;

  /**
   * @param found Another text where something has changed; the first one is a change that counts at once.
   * @param now In milliseconds, of a clock that does not jump.
   */
  look(found: string, now: number): 'unchanged' | 'changing' | 'settled' {
    if (found !== this.#last) this.#lastChangedAt = now;
    const isFirst = this.#last === undefined;
    this.#last = found;
    if (found === this.#settled) {
      this.#begunAt = undefined;
      return 'unchanged';
    }
    this.#begunAt ??= now;
    if (!isFirst && now - this.#lastChangedAt < settleMillis && now - this.#begunAt < longestMillis) return 'changing';
    this.#settled = found;
    this.#begunAt = undefined;
    return 'settled';
  }
}
