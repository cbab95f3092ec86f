import { defaultRestarts, type RestartPolicy } from '../../protocol/policies.ts';
import type { TreeState } from '../../protocol/snapshot.ts';

/** How a tree has ended. */
export interface TreeEnd {
  readonly state: TreeState;
  /** The end was requested: by a person, a program, or a limit. */
  readonly wanted: boolean;
}

export type RestartPlan =
  /** Nothing is to be done. */
  | { readonly next: 'stay' }
  /** Another one is to be started; the `attempt`th time within the window. */
  | { readonly next: 'restart'; readonly delayMillis: number; readonly attempt: number }
  /** It was restarted as often as its policy allows. */
  | { readonly next: 'giveUp'; readonly attempts: number };

/** For trees that a limit restarts and that have no policy of their own. */
export const limitRestarts: RestartPolicy = { when: 'on-failure', ...defaultRestarts };

/**
 * What follows an end.
 * @param earlier When it was restarted before; like `now`, by performance.now(): the clock of the day may be put back.
 * @param random From 0 up to 1: a quarter of the delay is left to chance, so that many that fail together do not come back together.
 */
export function planRestart(
  policy: RestartPolicy | undefined,
  { state, wanted }: TreeEnd,
  earlier: readonly number[],
  now: number,
  random: number,
): RestartPlan {
  if (policy === undefined || wanted || !isMeant(policy, state)) return { next: 'stay' };
  const attempts = earlier.filter((at) => now - at < policy.windowMillis).length;
  if (attempts >= policy.maxRestarts) return { next: 'giveUp', attempts };
  const delay = Math.min(policy.delayMillis * 2 ** attempts, policy.maxDelayMillis);
  return { next: 'restart', delayMillis: Math.round(delay * (0.75 + random / 4)), attempt: attempts + 1 };
}

function isMeant({ when }: RestartPolicy, state: TreeState): boolean {
  return state === 'failed' || (when === 'always' && (state === 'succeeded' || state === 'exited' || state === 'killed'));
}
