/** What the list of the status bar item has, in its order. Independent of the editor and of the clock. */
import type { ScheduleStatus } from '../../protocol/schedule.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { isLive } from '../../protocol/trees.ts';

/** A process of the window, as far as it matters here. */
export interface ListedProcess {
  readonly name: string;
  /** The newest one; absent where there is none. */
  readonly tree?: TreeSnapshot | undefined;
  /** Why its last start has failed, as a sentence. */
  readonly failure?: string;
  /** Names of the processes that its start waits for. */
  readonly waitsFor?: readonly string[];
  /** Absent where it has no schedule. */
  readonly schedule?: ScheduleStatus;
  /** What is wrong with it while it runs, as clauses. */
  readonly problems: readonly string[];
}

export interface StatusEntries<T> {
  /** Has failed, cannot be ended, or has problems; what does not run comes first. */
  readonly failures: readonly T[];
  /** Runs as it should, or waits for others, or for its time. */
  readonly running: readonly T[];
}

export function statusEntries<T extends ListedProcess>(processes: readonly T[]): StatusEntries<T> {
  const failed = processes.filter(hasFailed);
  const others = processes.filter((process) => !hasFailed(process));
  const troubled = others.filter(({ tree, problems }) => tree && isLive(tree) && isTroubled(tree, problems));
  const running = others.filter(
    ({ tree, problems, waitsFor, schedule }) =>
      waitsFor !== undefined || schedule?.isArmed || (tree && isLive(tree) && !isTroubled(tree, problems)),
  );
  return { failures: [...failed, ...troubled], running };
}

/** It could not be started, or has ended without being asked to, and will not be started again by itself; or SIGKILL does not end it. */
export function hasFailed({ tree, failure, waitsFor }: Pick<ListedProcess, 'tree' | 'failure' | 'waitsFor'>): boolean {
  if (waitsFor !== undefined) return false;
  if (failure !== undefined && !(tree && isLive(tree))) return true;
  return tree?.state === 'unkillable' || (tree?.state === 'failed' && tree.nextStartAt === undefined);
}

function isTroubled({ state, health, nextStartAt, warning }: TreeSnapshot, problems: readonly string[]): boolean {
  return problems.length > 0 || health === 'unhealthy' || warning !== undefined || (state === 'failed' && nextStartAt !== undefined);
}
