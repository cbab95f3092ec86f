import { readFileSync } from 'node:fs';

/** So many times its length a deadline can grow by waiting for a processor. */
const maxFactor = 3;

/**
 * A deadline that tells a hang from a busy machine. What a test waits for is often done by many processes, and other tests' processes want the same
 * processors: time in which some process of the machine waited for one does not count, until three times the deadline are over. On a machine that is
 * idle, that is the deadline itself. (The kernel's figure is `some` of /proc/pressure/cpu; where it is missing, all time counts.)
 */
export class Patience {
  readonly millis: number;
  readonly #now: () => number;
  readonly #stalled: () => number;
  readonly #begunAt: number;
  readonly #stalledBefore: number;

  /** `now` and `stalled` in milliseconds, both counting up. */
  constructor(millis: number, now: () => number = () => performance.now(), stalled: () => number = millisWithoutProcessor) {
    this.millis = millis;
    this.#now = now;
    this.#stalled = stalled;
    this.#begunAt = now();
    this.#stalledBefore = stalled();
  }

  get isOver(): boolean {
    const passed = this.#now() - this.#begunAt;
    if (passed <= this.millis) return false;
    return passed > this.millis * maxFactor || passed - (this.#stalled() - this.#stalledBefore) > this.millis;
  }
}

function millisWithoutProcessor(): number {
  try {
    return Number(readFileSync('/proc/pressure/cpu', 'latin1').match(/^some .*total=(\d+)/m)?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}
