import { CannotStartError } from '../../command/executable.ts';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { ExitStatus, TreeState } from '../../protocol/snapshot.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { type Localizable, localizable, type Text } from '../../protocol/texts.ts';
import { ifReadable } from '../ending/ifReadable.ts';

/** The exit status of a leader that is not a child of this warden. */
export const unknownExit: ExitStatus = { code: null, signal: null };

/** What an end that was not asked for has come to; `exited`: that is not known. */
export type EndVerdict = Extract<TreeState, 'succeeded' | 'exited' | 'failed'>;

/**
 * The one rule by which an exit is judged; everything else goes by the state that follows from it. A signal is no success, and neither is a status that is
 * not known.
 */
export function judgeExit({ code, signal }: ExitStatus, { successExitCodes = [0] }: Pick<StartRequest, 'successExitCodes'>): EndVerdict {
  return signal === null && code !== null && successExitCodes.includes(code) ? 'succeeded' : 'failed';
}

/** As a clause. */
export function describeExit({ code, signal }: ExitStatus): Localizable {
  if (signal !== null) return localizable('endedBySignal', signal);
  return code === null ? localizable('exitUnknown') : localizable('exitedWithCode', code);
}

/** The clause with what has brought it about, where that is known. */
export function because(clause: Localizable, cause: Text | undefined): Localizable {
  return cause === undefined ? clause : localizable('because', clause, cause);
}

/** The clause with the number of members left; without it where that cannot be read. */
export function withMembersLeft(clause: Localizable, { alive }: { alive(): readonly ProcessStat[] }): Localizable {
  const count = ifReadable(() => alive().length);
  if (count === undefined) return clause;
  return count === 1 ? localizable('oneMemberLeft', clause) : localizable('membersLeft', clause, count);
}

/**
 * A terminal's leader is waited for on a thread of its own, so one that ends at once may be gone before the first look
 * at it. The warden's own start then stands for its start: nothing of the tree can be older.
 */
export function alreadyCollected(platform: Platform, pid: number): ProcessStat {
  const self = platform.stat(process.pid);
  if (self === undefined) throw new CannotStartError(localizable('tableUnreadable'));
  return { ...self, pid, alive: false };
}

/** Minimum run time of a process that is restarted or waited for, in milliseconds: one that ends sooner has failed to start. */
const minRunMillis = 100;

/** How the leader has ended; `cause` is a clause. */
interface LeaderEnd {
  readonly status: ExitStatus;
  readonly cause: Text | undefined;
  readonly ok: boolean;
  readonly runMillis: number;
}

/** Why a leader's end is a failure whatever its exit status, as a clause; undefined where the status alone says it. */
export function failureOf(
  { ready, restart, successExitCodes }: Pick<StartRequest, 'ready' | 'restart' | 'successExitCodes'>,
  state: TreeState,
  { status, cause, ok, runMillis }: LeaderEnd,
): Localizable | undefined {
  if (state === 'starting') return because(localizable('beforeReady', describeExit(status)), cause);
  // Exit codes that are declared are those of a command that is meant to end.
  const isMeantToStay = (ready !== undefined || restart !== undefined) && successExitCodes === undefined;
  return ok && isMeantToStay && runMillis < minRunMillis
    ? because(localizable('tooSoon', describeExit(status), runMillis), cause)
    : undefined;
}
