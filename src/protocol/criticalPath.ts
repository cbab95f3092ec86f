/** Which process of a graph of dependencies made its last start as long as it was; pure. */
import type { Dependency, DependencyCondition } from './declare.ts';
import type { TreeSnapshot } from './snapshot.ts';

/** Of the last start of a name, in milliseconds since 1970; of several instances, when the first began and the last had come as far. */
export interface StartTimes {
  /** When the start was asked for: it may have waited since. */
  readonly askedAt: number;
  readonly startedAt: number;
  readonly readyAt?: number;
  readonly endedAt?: number;
}

export interface GraphNode {
  readonly dependsOn: readonly Dependency[];
  /** It runs at set times, each of which comes after the start of everything. */
  readonly isScheduled?: boolean;
  /** Absent where it has not been started. */
  readonly times?: StartTimes;
}

/** `millis`: how long the start took here, from the moment at which nothing else was waited for. */
export interface PathStep {
  readonly name: string;
  readonly millis: number;
}

/** The times of the newest trees of a name; undefined where there is none. `trees`: one for each of its instances. */
export function timesOf(trees: readonly TreeSnapshot[]): StartTimes | undefined {
  if (trees.length === 0) return undefined;
  const last = (of: (tree: TreeSnapshot) => number | undefined): number | undefined => {
    const times = trees.flatMap((tree) => of(tree) ?? []);
    return times.length === trees.length ? Math.max(...times) : undefined;
  };
  const readyAt = last((tree) => tree.readyAt);
  const endedAt = last((tree) => tree.endedAt);
  return {
    askedAt: Math.min(...trees.map(({ askedAt, startedAt }) => askedAt ?? startedAt)),
    startedAt: Math.min(...trees.map(({ startedAt }) => startedAt)),
    ...(readyAt !== undefined && { readyAt }),
    ...(endedAt !== undefined && { endedAt }),
  };
}

/** When a condition on it was met; undefined where it was not. */
function metAt(condition: DependencyCondition, { startedAt, readyAt, endedAt }: StartTimes): number | undefined {
  if (condition === 'started') return startedAt;
  return condition === 'ready' ? readyAt : endedAt;
}

/** When its start was over: it was ready, or ended without having been. */
export function upAt({ readyAt, endedAt }: StartTimes): number | undefined {
  return readyAt ?? endedAt;
}

/**
 * How long it took from its launch until it had come as far as it is needed, by default until its start was over; in milliseconds. Undefined where it has not. The
 * clock of the day may have been put back meanwhile.
 */
export function startMillis(times: StartTimes, neededAs: DependencyCondition = 'ready'): number | undefined {
  const until = neededAs === 'succeeded' || neededAs === 'ended' ? times.endedAt : upAt(times);
  return until === undefined ? undefined : Math.max(0, until - times.startedAt);
}

/**
 * The name whose start was over last, of those that have no times of their own; undefined where none is. Several may have been within the same millisecond: then the one that
 * none of the others waited for.
 */
function lastUp(nodes: ReadonlyMap<string, GraphNode>): string | undefined {
  const all = [...nodes].flatMap(([name, { times, isScheduled }]) => {
    const at = isScheduled ? undefined : times && upAt(times);
    return at === undefined ? [] : { name, at };
  });
  const latest = all.reduce((most, { at }) => Math.max(most, at), Number.NEGATIVE_INFINITY);
  const last = all.flatMap(({ name, at }) => (at === latest ? name : []));
  const isNeeded = (name: string): boolean => last.some((other) => nodes.get(other)?.dependsOn.some((one) => one.name === name));
  return last.find((name) => !isNeeded(name)) ?? last[0];
}

/** The {@link criticalPath} of the last start of all. */
export function lastCriticalPath(nodes: ReadonlyMap<string, GraphNode>): readonly PathStep[] {
  const target = lastUp(nodes);
  return target === undefined ? [] : criticalPath(target, nodes);
}

/**
 * The chain of names that the last start of `target` waited for, the first one first and `target` last. The steps' times add up to the time from the request
 * to the end of the start. Empty where its start is not over. What was there already before the start was asked for is no part of it.
 */
export function criticalPath(target: string, nodes: ReadonlyMap<string, GraphNode>): readonly PathStep[] {
  const steps: PathStep[] = [];
  const seen = new Set<string>();
  let current = nodes.get(target);
  let name = target;
  let until = current?.times && upAt(current.times);
  while (current?.times && until !== undefined && !seen.has(name)) {
    seen.add(name);
    const { askedAt } = current.times;
    const before = lastMet(current, nodes);
    // What was met only afterwards was not waited for: an older declaration may not have had it.
    const isWaitedFor = before !== undefined && before.at > askedAt && before.at <= until && !seen.has(before.name);
    steps.unshift({ name, millis: Math.max(0, until - (isWaitedFor ? before.at : askedAt)) });
    if (!isWaitedFor) break;
    ({ name, at: until } = before);
    current = nodes.get(name);
  }
  return steps;
}

/** The dependency that was met last of those that were met before its launch. */
function lastMet({ dependsOn, times }: GraphNode, nodes: ReadonlyMap<string, GraphNode>): { name: string; at: number } | undefined {
  const met = dependsOn.flatMap(({ name, condition }) => {
    const of = nodes.get(name)?.times;
    const at = of && metAt(condition, of);
    return at === undefined || times === undefined || at > times.startedAt ? [] : [{ name, at }];
  });
  return met.sort((a, b) => b.at - a.at)[0];
}
