/** For how many milliseconds what is shown stays when a hover has been asked for. */
const holdMillis = 10_000;

/** Something that is shown, and stays as it is while somebody reads. */
export abstract class Calm {
  /** In milliseconds. */
  protected readonly now: () => number;
  #heldUntil = Number.NEGATIVE_INFINITY;

  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  /** Somebody reads a row's hover. It closes when any of the rows is drawn anew. */
  hold(): void {
    this.#heldUntil = this.now() + holdMillis;
  }

  protected get isHeld(): boolean {
    return this.now() < this.#heldUntil;
  }
}
