import { formatDuration } from '../protocol/format.ts';
import type { ModelRequest } from '../protocol/models.ts';
import { LongTimer } from '../protocol/timers.ts';

/** Why a model is unloaded whose timer has fired. */
export function idleReason({ ttlMillis }: Pick<ModelRequest, 'ttlMillis'>): string {
  return `unloaded after ${formatDuration(ttlMillis)} without a request (ttl)`;
}

/** Fires when it is not disarmed in time. */
export class IdleTimer {
  readonly #fire: () => void;
  #timer: LongTimer | undefined;
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
    this.#timer = new LongTimer(() => {
      this.disarm();
      this.#fire();
    }, millis);
  }

  disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#at = undefined;
  }
}
