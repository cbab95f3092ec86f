/** What a row says of a schedule. Independent of the editor and of the clock. */
import type { ScheduleStatus } from '../../protocol/schedule.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { endText } from '../../protocol/trees.ts';
import { failedLook, withoutName } from './row.ts';

/** Of one that waits for its time, and does not run. */
export interface Waiting {
  readonly name: string;
  /** `next at 03:00`. */
  readonly nextRun: string;
  /** Of its last run. */
  readonly tree?: TreeSnapshot | undefined;
  /** Why it could not be started at its last time, as a sentence. */
  readonly failure?: string | undefined;
}

/** A last run that has failed is told as that of any process; the next time stands behind it. */
export function waitingLook({ name, nextRun, tree, failure }: Waiting): {
  readonly icon: string;
  readonly colour?: string;
  readonly description: string;
} {
  if (failure !== undefined) return { ...failedLook, description: `${withoutName(failure, name)}  ${nextRun}` };
  if (tree?.state === 'failed' || tree?.limit !== undefined) return { ...failedLook, description: `${endText(tree)}  ${nextRun}` };
  return { icon: 'calendar', description: nextRun };
}

/** Of one that runs: what follows its end; empty where that is nothing but its next time. */
export function queuedText(schedule: ScheduleStatus | undefined): string {
  return schedule?.isQueued ? 'runs once more' : '';
}
