/** Time in milliseconds for which the rows stay unchanged after a hover was requested. */
const freezeMillis = 10_000;

/** A part of the view that does not change while the user reads a hover: a hover closes when any row is drawn anew. */
export abstract class HoverFreeze {
  /** A monotonic clock in milliseconds. */
  protected readonly now: () => number;
  #frozenUntil = Number.NEGATIVE_INFINITY;

  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  /** To be called when the hover of a row is requested. */
  freeze(): void {
    this.#frozenUntil = this.now() + freezeMillis;
  }

  protected get isFrozen(): boolean {
    return this.now() < this.#frozenUntil;
  }
}
