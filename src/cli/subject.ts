import { type Goal, type Progress, progressOf } from '../client/progress.ts';
import type { WardenFeed } from '../client/wardenFeed.ts';
import { instanceOf } from '../protocol/names.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isLive } from '../protocol/trees.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { matches } from './wardens.ts';

/** What the argument of a command stands for: a name with all of its instances, or one instance. */
export interface Subject {
  readonly feed: WardenFeed;
  readonly name: string;
  readonly instance: number | undefined;
  /** Whether it runs, or is to. */
  readonly isActive: boolean;
  /** When the newest of its trees was started, in milliseconds since 1970; 0: none was. */
  readonly startedAt: number;
}

/**
 * By name, id or pid. What runs comes before what has ended, and of that, the newest.
 * @returns Undefined where no warden knows it.
 * @throws CliError where several wardens run one.
 */
export function subjectOf(wanted: string, feeds: readonly WardenFeed[]): Subject | undefined {
  const found = feeds.flatMap((feed) => subjectIn(wanted, feed) ?? []).toSorted((a, b) => b.startedAt - a.startedAt);
  const active = found.filter(({ isActive }) => isActive);
  if (active.length > 1) {
    const choices = active.map(({ feed: { client } }) => `  ${client.welcome.workspace || 'command line'} (pid ${client.welcome.pid})`);
    throw new CliError(
      `'${wanted}' runs under ${active.length} wardens; name one by its id, which tree-warden ps lists:`,
      exitCodes.failed,
      choices,
    );
  }
  return active[0] ?? found[0];
}

function subjectIn(wanted: string, feed: WardenFeed): Subject | undefined {
  const isOfName = (tree: TreeSnapshot): boolean => (tree.pool ?? tree.name) === wanted;
  const status = feed.names.find(({ name }) => name === wanted);
  const trees = feed.trees.filter((tree) => isOfName(tree) || matches(tree, wanted));
  const [first] = trees.toSorted((a, b) => Number(isLive(b)) - Number(isLive(a)) || b.startedAt - a.startedAt);
  if (status === undefined && first === undefined) return undefined;
  const isWhole = status !== undefined || trees.some(isOfName);
  const { spec, instance } = instanceOf(first?.name ?? wanted);
  return {
    feed,
    name: isWhole ? wanted : spec,
    instance: isWhole ? undefined : instance,
    isActive: (status?.desired.length ?? 0) > 0 || status?.schedule?.isArmed === true || trees.some(isLive),
    startedAt: Math.max(0, ...trees.map(({ startedAt }) => startedAt)),
  };
}

/** Of each of its instances. */
export function subjectProgress(goal: Goal, { feed, name, instance }: Subject): Progress[] {
  const status = feed.names.find((one) => one.name === name);
  return progressOf(goal, name, status, feed.trees, instance);
}
