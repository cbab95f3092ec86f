import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { ExitStatus, StartRequest, TreeState } from '../../protocol/messages.ts';
import { CannotStartError } from '../../spec/executable.ts';

/** Of a leader that is no child of this warden. */
export const unknownExit: ExitStatus = { code: null, signal: null };

/** As a clause. */
export function describeExit({ code, signal }: ExitStatus): string {
  if (code === null && signal === null) return 'ended, nobody knows how';
  return signal === null ? `exited with code ${code}` : `ended by ${signal}`;
}

export function countMembers(count: number): string {
  return count === 1 ? '1 member' : `${count} members`;
}

/**
 * A terminal's leader is waited for on a thread of its own, so one that ends at once may be gone before anybody has looked
 * at it. The warden's own start then stands for its start: nothing of the tree can be older.
 */
export function alreadyCollected(platform: Platform, pid: number): ProcessStat {
  const self = platform.stat(process.pid);
  if (self === undefined) throw new CannotStartError('The process table cannot be read.');
  return { ...self, pid, alive: false };
}

/** What is restarted, or waited for, and ends within so many milliseconds, has not started. */
const soonestEnd = 100;

/** `said`: how it has ended, as a clause. */
interface LeaderEnd {
  readonly said: string;
  readonly ok: boolean;
  readonly runMillis: number;
}

/** Why a leader's end is a failure whatever its exit status, as a clause; undefined where the status alone says it. */
export function failureOf({ ready, restart }: StartRequest, state: TreeState, { said, ok, runMillis }: LeaderEnd): string | undefined {
  if (state === 'starting') return `${said} before it was ready`;
  return ok && (ready || restart) && runMillis < soonestEnd ? `${said} after ${runMillis} ms, which is no start` : undefined;
}
