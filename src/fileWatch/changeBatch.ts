/** When changes count: once they have settled, and no operation of git is under way. Pure, so that it is tested with a clock of its own. */
import type { GitActivity } from '../protocol/fileWatch.ts';

export interface ChangeBatch {
  /** In the order of their first change, up to {@link maxNamed}. */
  readonly files: readonly string[];
  /** Number of changes that are not in `files`. */
  readonly unnamed: number;
  /** Times by a monotonic clock, in milliseconds. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** An operation of git was under way at the last look. */
  readonly isHeld: boolean;
}

/** Number of files that are remembered by name. */
export const maxNamed = 1000;
/** Changes that do not settle count after this many debounce times, and not before {@link minMaxWaitMillis}. */
const maxWaitDebounces = 10;
export const minMaxWaitMillis = 5000;
/** Interval in which git is looked at: while it writes, and when it has taken long, as a merge with conflicts does. In milliseconds. */
const gitPollMillis = { first: 100, later: 1000, after: 10_000 } as const;

export type Verdict =
  /** They count now. */
  | { readonly next: 'act'; readonly batch: ChangeBatch }
  /** To be looked at again at this time. */
  | { readonly next: 'wait'; readonly batch: ChangeBatch; readonly until: number; readonly activity?: GitActivity };

/** `batch`: what has changed already and does not count yet. */
export function withChange(batch: ChangeBatch | undefined, file: string, now: number): ChangeBatch {
  if (batch === undefined) return { files: [file], unnamed: 0, firstAt: now, lastAt: now, isHeld: false };
  if (batch.files.includes(file)) return { ...batch, lastAt: now };
  const isFull = batch.files.length >= maxNamed;
  return { ...batch, lastAt: now, ...(isFull ? { unnamed: batch.unnamed + 1 } : { files: [...batch.files, file] }) };
}

/** @param activity What git is doing now. */
export function verdictOn(batch: ChangeBatch, now: number, activity: GitActivity | undefined, debounceMillis: number): Verdict {
  if (activity !== undefined) {
    const poll = now - batch.firstAt < gitPollMillis.after ? gitPollMillis.first : gitPollMillis.later;
    return { next: 'wait', batch: { ...batch, isHeld: true }, until: now + poll, activity };
  }
  // The last files that git has written may still be on their way here.
  if (batch.isHeld) return verdictOn({ ...batch, isHeld: false, firstAt: now, lastAt: now }, now, undefined, debounceMillis);
  const settledAt = batch.lastAt + debounceMillis;
  const latestAt = batch.firstAt + Math.max(maxWaitDebounces * debounceMillis, minMaxWaitMillis);
  const until = Math.min(settledAt, latestAt);
  return now >= until ? { next: 'act', batch } : { next: 'wait', batch, until };
}
