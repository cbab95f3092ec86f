/** Whether what is waited for has come, and why it will not; pure. */
import type { NameStatus } from '../protocol/declare.ts';
import { instanceName, instanceOf } from '../protocol/names.ts';
import { nextMomentText } from '../protocol/schedule.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isLive, isReady, labelOf, newestByName, stateAndReason } from '../protocol/trees.ts';

/**
 * `ready`: it runs, is ready, and its probes do not say otherwise. `succeeded`: it has ended by itself, with one of its success exit codes. `ended`: it has ended. `up`: it is ready, or has succeeded.
 */
export type Goal = 'ready' | 'succeeded' | 'ended' | 'up';

/** What one instance has come to. */
export interface Progress {
  /** Of the instance, as people are shown it. */
  readonly label: string;
  /** `failed`: it will not come by itself. */
  readonly verdict: 'met' | 'pending' | 'failed';
  /** One word. */
  readonly state:
    | 'ready'
    | 'succeeded'
    | 'failed'
    | 'stopped'
    | 'ended'
    | 'starting'
    | 'unhealthy'
    | 'running'
    | 'waiting'
    | 'stopping'
    | 'not started';
  /** As a clause, or a sentence; empty where the state says it all. */
  readonly reason: string;
  /** Its newest tree. */
  readonly tree?: TreeSnapshot;
}

/**
 * Of each instance of a name that there is to be.
 * @param status What its warden says of the name, where that is declared.
 * @param trees All trees of that warden.
 * @param instance The only one that is meant.
 */
export function progressOf(
  goal: Goal,
  name: string,
  status: NameStatus | undefined,
  trees: readonly TreeSnapshot[],
  instance?: number,
): Progress[] {
  const isPool = (status?.instances ?? 1) > 1 || trees.some((tree) => tree.pool === name && isLive(tree));
  const newest = newestByName(trees);
  const labelFor = (one: string): string => labelOf({ name: one, pool: isPool ? name : undefined });
  const names = instancesOf(name, status, trees).filter((one) => instance === undefined || instanceOf(one).instance === instance);
  return names.map((one) => ({ ...instanceProgress(goal, one, status, newest.get(one)), label: labelFor(one) }));
}

/** Those that are to run; where none is, all that there would be; and those that run beside them. */
function instancesOf(name: string, status: NameStatus | undefined, trees: readonly TreeSnapshot[]): string[] {
  const running = trees.filter((tree) => (tree.pool ?? tree.name) === name && isLive(tree)).map((tree) => tree.name);
  const desired = status?.desired ?? [];
  const count = status?.instances ?? 1;
  const wanted = desired.length > 0 ? desired : Array.from({ length: count }, (_, index) => instanceName(name, index + 1));
  return [...new Set(desired.length === 0 && running.length > 0 ? running : [...wanted, ...running])];
}

type Outcome = Omit<Progress, 'label'>;

function instanceProgress(goal: Goal, name: string, status: NameStatus | undefined, tree: TreeSnapshot | undefined): Outcome {
  if (tree && tree.endedAt === undefined) return running(goal, tree);
  const isDesired = status?.desired.includes(name) ?? false;
  const waitsFor = status?.waitsFor ?? [];
  if (isDesired && waitsFor.length > 0)
    return { verdict: 'pending', state: 'waiting', reason: `waits for ${waitsFor.map((one) => one.name).join(', ')}` };
  if (isDesired || (tree && isLive(tree)))
    return { verdict: 'pending', state: 'starting', reason: tree ? `restarting, ${tree.reason}` : '', ...(tree && { tree }) };
  const failure = status?.failures?.find((one) => one.name === name);
  const { schedule } = status ?? {};
  // Its last run is the answer to how it ends; between two runs it is neither ready, nor will it not come.
  const hasAnswer = (goal === 'succeeded' || goal === 'ended') && (tree !== undefined || failure !== undefined);
  if (schedule?.isArmed && !hasAnswer)
    return { verdict: goal === 'up' ? 'met' : 'pending', state: 'waiting', reason: nextMomentText(schedule), ...(tree && { tree }) };
  if (failure) return { verdict: 'failed', state: 'not started', reason: failure.message };
  return tree ? ended(goal, tree) : { verdict: 'pending', state: 'not started', reason: status?.problem ?? '' };
}

function running(goal: Goal, tree: TreeSnapshot): Outcome {
  const { state, reason, illness, health } = tree;
  if (state === 'unkillable') return { verdict: 'failed', state: 'failed', reason, tree };
  if (state === 'stopping') return { verdict: 'pending', state: 'stopping', reason, tree };
  if (goal === 'succeeded' || goal === 'ended') return { verdict: 'pending', state: 'running', reason: '', tree };
  if (health === 'unhealthy') return { verdict: 'pending', state: 'unhealthy', reason: illness ?? reason, tree };
  // One that goes into the background without a probe has said all that it ever will.
  return isReady(tree) || (state === 'exited' && health === 'unknown')
    ? { verdict: 'met', state: 'ready', reason: '', tree }
    : { verdict: 'pending', state: 'starting', reason: illness ?? reason, tree };
}

function ended(goal: Goal, tree: TreeSnapshot): Outcome {
  const state = wayOf(tree);
  const isMet = goal === 'ended' || (state === 'succeeded' && goal !== 'ready');
  return { verdict: isMet ? 'met' : 'failed', state, reason: state === 'failed' ? stateAndReason(tree) : tree.reason, tree };
}

/** How it has ended. Where the exit status is not known, it has not been seen to succeed. */
function wayOf({ state, exit, limit, stopped }: TreeSnapshot): 'succeeded' | 'failed' | 'stopped' | 'ended' {
  if (limit !== undefined || state === 'failed' || state === 'unkillable') return 'failed';
  if (stopped) return 'stopped';
  // A warden of an earlier version has no word for a success.
  return state === 'succeeded' || (state === 'exited' && exit?.code === 0) ? 'succeeded' : 'ended';
}
