import { drainMillis } from '../../protocol/gateway.ts';
import { LongTimer } from '../../protocol/timers.ts';

/** For the news of it, and of the last answer, in milliseconds. */
const marginMillis = 5000;

/** When a server is to take no requests any more, because the allocation that it runs in ends: those under way are to be answered before it is stopped. */
export class Expiry {
  #stopsAt: number | undefined;
  #timer: LongTimer | undefined;
  #isOver = false;

  /** Whether it takes none any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** `stopsAt`: when it is stopped, in milliseconds since 1970; undefined where it need not end. To be called as often as that may have changed. */
  follow(stopsAt: number | undefined, onOver: () => void): void {
    if (stopsAt === this.#stopsAt || this.#isOver) return;
    this.#stopsAt = stopsAt;
    this.cancel();
    if (stopsAt === undefined) return;
    const end = (): void => {
      this.#isOver = true;
      onOver();
    };
    this.#timer = new LongTimer(end, stopsAt - drainMillis - marginMillis - Date.now());
  }

  cancel(): void {
    this.#timer?.cancel();
  }
}
