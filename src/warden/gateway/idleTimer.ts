/** Fires when nobody has disarmed it in time. */
export class IdleTimer {
  readonly #fire: () => void;
  #timer: NodeJS.Timeout | undefined;
  #at: number | undefined;

  constructor(fire: () => void) {
    this.#fire = fire;
  }

  /** When it fires, in milliseconds since 1970; undefined where it does not. */
  get at(): number | undefined {
    return this.#at;
  }

  arm(millis: number): void {
    this.disarm();
    this.#at = Date.now() + millis;
    this.#timer = setTimeout(() => {
      this.disarm();
      this.#fire();
    }, millis);
  }

  disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#at = undefined;
  }
}
