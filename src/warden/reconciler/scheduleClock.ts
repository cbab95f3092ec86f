/** The clock of the day, and what a look at it says of a time that is waited for. */
import { LongTimer } from '../../protocol/timers.ts';

/**
 * Maximum time between two looks, in milliseconds. A timer stands still while the machine sleeps, and does not know that the clock was set, so that none is
 * as long as the time that is waited for.
 */
export const lookMillis = 30_000;
/** How late a time may be seen to count as seen, in milliseconds: a look after a sleep is {@link lookMillis} late at most, and a busy machine adds to that. */
export const toleranceMillis = 60_000;

/** Injected, so that tests have days of their own. */
export interface DayClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** @returns What cancels it. */
  setTimer(fire: () => void, millis: number): () => void;
}

export const systemClock: DayClock = {
  now() {
    const nowAt = Date.now();
    return nowAt;
  },
  setTimer(fire, millis) {
    const timer = new LongTimer(fire, millis).unref();
    return () => timer.cancel();
  },
};

/**
 * `early`: it has not come. `due`: it has come just now. `missed`: it has passed unseen, because the machine slept or the clock was put forward. `setBack`: the
 * clock was put back by more than the tolerance, so that the next time is another one.
 */
export type Look = 'early' | 'due' | 'missed' | 'setBack';

/** Pure; all in milliseconds since 1970. @param before What the clock has said at the last look. */
export function lookAt(nextAt: number, now: number, before: number): Look {
  if (now < before - toleranceMillis) return 'setBack';
  if (now < nextAt) return 'early';
  return now - nextAt > toleranceMillis ? 'missed' : 'due';
}

/** Time until the next look, in milliseconds. @param times What is waited for, in milliseconds since 1970. */
export function untilLook(times: readonly number[], now: number): number {
  return Math.max(
    0,
    times.reduce((least, at) => Math.min(least, at - now), lookMillis),
  );
}
