/** Delay of the first figures of a new tree, in milliseconds. */
const firstMillis = 50;
/** Time after which they are read although more trees are being started, in milliseconds. */
const maxMillis = 250;

/**
 * When the first figures of new trees are read: once for all that start one after the other, because each reading looks at all trees, and of a hundred that
 * start at once, the first ones would be looked at again and again. Times in milliseconds of one monotonic clock.
 */
export class FirstFigures {
  #dueAt: number | undefined;
  #latestAt = 0;

  /** A tree has been started. */
  started(now: number): void {
    if (this.#dueAt === undefined) this.#latestAt = now + maxMillis;
    this.#dueAt = Math.min(now + firstMillis, this.#latestAt);
  }

  /** Whether they are to be read now; they are not due any more then. */
  take(now: number): boolean {
    if (this.#dueAt === undefined || now < this.#dueAt) return false;
    this.#dueAt = undefined;
    return true;
  }
}
