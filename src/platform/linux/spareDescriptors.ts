import { closeSync, openSync } from 'node:fs';

/** Number of reserved descriptors; more than are ever needed at once, because files are opened one at a time. */
const spares = 8;

/**
 * Descriptors that are set aside for looking up processes and killing them, for when connections and files have used up all that this
 * process may have. One set, because the limit is one for the whole process (RLIMIT_NOFILE, getrlimit(2)).
 */
class SpareDescriptors {
  readonly #held: number[] = [];
  #isOpen = false;

  /** Reserves the descriptors. */
  hold(): void {
    this.#isOpen = true;
    this.#refill();
  }

  /**
   * Runs `use`, which closes what it opens; where no descriptor is left, once more with these.
   * @throws what `use` throws.
   */
  run<T>(use: () => T): T {
    if (this.#isOpen && this.#held.length < spares) this.#refill();
    try {
      return use();
    } catch (error) {
      if (!isExhausted(error) || this.#held.length === 0) throw error;
      // All in one turn of the event loop, so that no connection takes their place.
      for (const fd of this.#held.splice(0)) closeSync(fd);
      try {
        return use();
      } finally {
        this.#refill();
      }
    }
  }

  #refill(): void {
    try {
      while (this.#held.length < spares) this.#held.push(openSync('/dev/null', 'r'));
    } catch {
      // None is free now; the next use tries again.
    }
  }
}

export const spareDescriptors = new SpareDescriptors();

/** Whether the reason of a failure is this process's or the whole machine's lack of descriptors or memory, and not what was asked for. */
export function isExhausted(error: unknown): boolean {
  return ['EMFILE', 'ENFILE', 'ENOMEM'].includes((error as NodeJS.ErrnoException).code ?? '');
}
