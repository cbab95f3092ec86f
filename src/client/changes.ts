import { LongTimer } from '../protocol/timers.ts';

/** Tells one waiter of changes that come from several places. */
export class Changes {
  #tell: () => void = () => undefined;

  readonly notify = (): void => this.#tell();

  /**
   * Asks `look` now and at each change, until it answers.
   * @param millis Until when, from now; infinite: for as long as it takes.
   * @returns The answer; undefined where the time is over.
   */
  async until<T>(look: () => T | undefined, millis: number): Promise<T | undefined> {
    let isOver = false;
    const timer = new LongTimer(() => {
      isOver = true;
      this.notify();
    }, millis);
    try {
      for (;;) {
        // Listens before it looks, so that nothing is missed in between.
        const changed = new Promise<void>((resolve) => {
          this.#tell = resolve;
        });
        const answer = look();
        if (answer !== undefined || isOver) return answer;
        await changed;
      }
    } finally {
      timer.cancel();
    }
  }
}
