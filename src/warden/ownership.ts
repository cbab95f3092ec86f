import { RequestError } from './requestError.ts';

/** How long a claim may wait for the owner's goodbye to arrive, in milliseconds: a reloaded window can be faster than its message. */
const claimPatience = 2000;

/**
 * Who the warden's trees live for. When the owner is gone, they end; unless it has said that somebody will come to take
 * its place, within a time.
 */
export class Ownership {
  readonly #abandon: (reason: string) => void;
  #owner: object | undefined;
  #handover: NodeJS.Timeout | undefined;
  #claims: (() => void)[] = [];

  /** `abandon` is called when nobody owns the warden any more. */
  constructor(owner: object, abandon: (reason: string) => void) {
    this.#owner = owner;
    this.#abandon = abandon;
  }

  /** The owner says goodbye; what others say is no goodbye of his. `keepMillis` 0: nobody is to come. */
  leave(who: object, keepMillis: number): void {
    if (who !== this.#owner) return;
    this.#owner = undefined;
    if (keepMillis <= 0) {
      this.#abandon('the window was closed');
      return;
    }
    this.#handover = setTimeout(
      () => this.#abandon(`its window went away and did not come back within ${keepMillis / 1000} s`),
      keepMillis,
    );
    for (const take of this.#claims.splice(0)) take();
  }

  /** The connection of the owner has ended. */
  lost(who: object): void {
    if (who !== this.#owner) return;
    this.#owner = undefined;
    this.#abandon('whoever started it is gone');
  }

  /**
   * Takes the place of an owner who has said goodbye.
   * @throws RequestError where the owner is still there.
   */
  async claim(who: object): Promise<void> {
    const until = Date.now() + claimPatience;
    while (this.#handover === undefined) {
      const left = until - Date.now();
      if (left <= 0) throw new RequestError('notPossible', 'This warden belongs to a window that is open.');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#claims.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    clearTimeout(this.#handover);
    this.#handover = undefined;
    this.#owner = who;
  }
}
