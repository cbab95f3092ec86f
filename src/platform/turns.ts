import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

/** Duration of a turn, in milliseconds: a message that comes meanwhile waits no longer than about this. */
const turnMillis = 4;

/** Cuts long work into turns of the event loop, so that a guardian that counts a thousand processes hears of its owner's death meanwhile. */
export class Turns {
  readonly #now: () => number;
  #until: number;

  /** `now` in milliseconds, monotonic. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#until = now() + turnMillis;
  }

  /** To be called between two steps: undefined while the turn is not over, so that the next step follows in the same one. */
  next(): Promise<void> | undefined {
    return this.#now() < this.#until ? undefined : this.#nextTurn();
  }

  /** The results of `step` for all items, in their order. */
  async map<T, R>(items: Iterable<T>, step: (item: T) => R): Promise<R[]> {
    const results: R[] = [];
    for (const item of items) {
      const pause = this.next();
      if (pause) await pause;
      results.push(step(item));
    }
    return results;
  }

  async #nextTurn(): Promise<void> {
    await setImmediate();
    this.#until = this.#now() + turnMillis;
  }
}
