/** Timers for durations that come from outside: Node's own fire at once from 2^31 milliseconds (596.5 hours) on. */

/** The longest that Node's timers can wait, in milliseconds. */
export const longestTimer = 2 ** 31 - 1;

/** Fires once, after any number of milliseconds; never where that is infinite. */
export class LongTimer {
  readonly #fire: () => void;
  readonly #due: number;
  #keepsAlive = true;
  #timer: NodeJS.Timeout | undefined;

  constructor(fire: () => void, millis: number) {
    this.#fire = fire;
    this.#due = performance.now() + Math.max(0, millis);
    this.#arm();
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The process may end before it has fired. */
  unref(): this {
    this.#keepsAlive = false;
    this.#timer?.unref();
    return this;
  }

  #arm(): void {
    const left = Math.max(0, this.#due - performance.now());
    this.#timer = setTimeout(() => (left > longestTimer ? this.#arm() : this.#fire()), Math.min(left, longestTimer));
    if (!this.#keepsAlive) this.#timer.unref();
  }
}

/** Resolves after this number of milliseconds, or when `signal` is aborted. The process may end before. */
export function pause(millis: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = new LongTimer(end, millis).unref();
    signal?.addEventListener('abort', end, { once: true });
  });
}

/** A period that Node's timers can hold. */
export function period(millis: number): number {
  return Math.min(millis, longestTimer);
}
