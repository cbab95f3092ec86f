import { CannotStartError } from '../../command/executable.ts';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { ExitStatus, TreeState } from '../../protocol/snapshot.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { ifReadable } from '../ending/ifReadable.ts';

/** The exit status of a leader that is not a child of this warden. */
export const unknownExit: ExitStatus = { code: null, signal: null };

/** As a clause. */
export function describeExit({ code, signal }: ExitStatus): string {
  if (code === null && signal === null) return 'ended (exit status unknown)';
  return signal === null ? `exited with code ${code}` : `ended by ${signal}`;
}

/** The number of members left, to follow a clause; empty where it cannot be read. */
export function describeLeft({ alive }: { alive(): readonly ProcessStat[] }): string {
  const count = ifReadable(() => alive().length);
  if (count === undefined) return '';
  return count === 1 ? ', 1 member left' : `, ${count} members left`;
}

/**
 * A terminal's leader is waited for on a thread of its own, so one that ends at once may be gone before the first look
 * at it. The warden's own start then stands for its start: nothing of the tree can be older.
 */
export function alreadyCollected(platform: Platform, pid: number): ProcessStat {
  const self = platform.stat(process.pid);
  if (self === undefined) throw new CannotStartError('The process table cannot be read.');
  return { ...self, pid, alive: false };
}

/** Minimum run time of a process that is restarted or waited for, in milliseconds: one that ends sooner has failed to start. */
const minRunMillis = 100;

/** How the leader has ended; `description` is a clause. */
interface LeaderEnd {
  readonly description: string;
  readonly ok: boolean;
  readonly runMillis: number;
}

/** Why a leader's end is a failure whatever its exit status, as a clause; undefined where the status alone says it. */
export function failureOf(
  { ready, restart }: StartRequest,
  state: TreeState,
  { description, ok, runMillis }: LeaderEnd,
): string | undefined {
  if (state === 'starting') return `${description} before it was ready`;
  return ok && (ready || restart) && runMillis < minRunMillis ? `${description} after ${runMillis} ms, which is no start` : undefined;
}
