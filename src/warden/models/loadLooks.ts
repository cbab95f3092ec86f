import { passUnreadable } from '../ending/ifReadable.ts';

/** Looks that are asked for within this time are one, in milliseconds: many servers may be loading at once, and each look is at all trees. */
const togetherMillis = 500;

/** Reads fresh figures for all loads together. */
export class LoadLooks {
  readonly #sample: () => Promise<void>;
  #at = Number.NEGATIVE_INFINITY;
  #look: Promise<void> = Promise.resolve();

  constructor(sample: () => Promise<void>) {
    this.#sample = sample;
  }

  /** Resolves when figures are there that are no older than that. */
  take(): Promise<void> {
    const now = performance.now();
    if (now - this.#at < togetherMillis) return this.#look;
    this.#at = now;
    this.#look = this.#sample().catch(passUnreadable);
    return this.#look;
  }
}
