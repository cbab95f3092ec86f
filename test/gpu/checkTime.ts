import { setTimeout as sleep } from 'node:timers/promises';

/** Pause between two looks where nothing else is said, in milliseconds. */
const lookMillis = 50;

/** The time that a check may take as a whole; each wait in it has a limit of its own, and ends with the whole. */
export class CheckTime {
  readonly #over = new AbortController();

  /** `reason`: a clause. */
  end(reason: string): void {
    this.#over.abort(new Error(reason));
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Asks again until `look` answers something. @throws Error that names what was not so within the time. */
  async until<T>(
    what: string,
    seconds: number,
    look: () => T | undefined | false | Promise<T | undefined | false>,
    pauseMillis = lookMillis,
  ): Promise<T> {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      this.#over.signal.throwIfAborted();
      const found = await look();
      if (found !== undefined && found !== false) return found;
      if (performance.now() > deadline) throw new Error(`${what}: not within ${seconds} s`);
      await sleep(pauseMillis);
    }
  }

  /** @throws Error that names what has not ended within the time; it goes on unheard. */
  async within<T>(what: string, seconds: number, work: Promise<T>): Promise<T> {
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
    work.then(
      (value) => {
        outcome = { value };
      },
      (error: unknown) => {
        outcome = { error };
      },
    );
    const ended = await this.until(what, seconds, () => outcome);
    if ('error' in ended) throw ended.error;
    return ended.value;
  }
}
