import { LongTimer } from '../protocol/timers.ts';

/** The lease is looked at so often while it lasts. */
const looksPerLease = 10;

/**
 * How long a warden on a node lives without a sign of life of its client, wherever that is. Time in which this process did not run does not count: nothing
 * could be heard in it, and what a scheduler has suspended goes on later.
 */
export class Lease {
  readonly #millis: number;
  readonly #onOver: () => void;
  #left = 0;
  #timer: LongTimer | undefined;

  /** It begins at once: a client that never comes is one that has gone. */
  constructor(millis: number, onOver: () => void) {
    this.#millis = millis;
    this.#onOver = onOver;
    this.renew();
  }

  /** Answers with the time that is left now, in milliseconds. */
  renew(): number {
    this.#left = this.#millis;
    this.#timer?.cancel();
    this.#wait();
    return this.#millis;
  }

  dispose(): void {
    this.#timer?.cancel();
  }

  #wait(): void {
    const step = this.#millis / looksPerLease;
    this.#timer = new LongTimer(() => {
      this.#left -= step;
      if (this.#left > step / 2) this.#wait();
      else this.#onOver();
    }, step);
  }
}
