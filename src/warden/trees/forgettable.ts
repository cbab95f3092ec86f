/** Which of the trees that have ended are not listed any more; pure. */
import type { Standing } from '../reconciler/restarts.ts';
import type { TreeView } from './treeView.ts';

/** Number of trees that have ended and stay listed, with their output, beside the newest one of each name that is declared. */
export const endedKept = 20;
/** Milliseconds after the end of a tree for which its output is kept for the first reader that it was to wait for, as its raw stdin and stdout are. */
const readerMillis = 10_000;

type EndedTree = Pick<TreeView, 'request' | 'leader' | 'ended' | 'endedAt' | 'rawSocket'> & {
  readonly output: { readonly awaitsReader: boolean };
};

interface Surroundings<T> {
  standingOf(tree: T): Pick<Standing, 'restarting' | 'successor' | 'nextStartAt'>;
  /** Whether a file declares what is called so: how its last run has ended is asked for as long as that is so. */
  isDeclared(name: string): boolean;
  /** In milliseconds since 1970. */
  readonly now: number;
}

/** @param trees In the order of their starts. */
export function forgettable<T extends EndedTree>(trees: readonly T[], { standingOf, isDeclared, now }: Surroundings<T>): T[] {
  // One that could not be spawned is not listed, and pushes nothing out. Of one whose successor is to come, it is asked what that is.
  const ended = trees.filter((tree) => tree.ended && tree.leader !== undefined && !awaitsSuccessor(standingOf(tree)));
  const newest = new Map(ended.map((tree) => [tree.request.name, tree]));
  const isNewest = (tree: T): boolean => newest.get(tree.request.name) === tree;
  const others = ended.filter((tree) => isNewest(tree) && !isDeclared(tree.request.name));
  // One that has run for long is among the first that were started, and its end is the news.
  const byEnd = others.toSorted((a, b) => (a.endedAt ?? now) - (b.endedAt ?? now));
  const outdated = [...ended.filter((tree) => !isNewest(tree)), ...byEnd.slice(0, -endedKept)];
  return outdated.filter((tree) => !awaitsReader(tree, now));
}

/** Those that stay listed beyond the newest {@link endedKept} because they are declared: of them, the last lines are enough. */
export function shortenable<T extends EndedTree>(trees: readonly T[], { now }: Pick<Surroundings<T>, 'now'>): T[] {
  const ended = trees.filter((tree) => tree.ended && !awaitsReader(tree, now));
  return ended.toSorted((a, b) => (a.endedAt ?? now) - (b.endedAt ?? now)).slice(0, -endedKept);
}

function awaitsSuccessor({ restarting, successor, nextStartAt }: ReturnType<Surroundings<never>['standingOf']>): boolean {
  return nextStartAt !== undefined || (restarting && successor === undefined);
}

/** Whether the client that has started it may still be about to open its streams: it may have started many at once, or have had no processor. */
function awaitsReader({ rawSocket, output, endedAt }: EndedTree, now: number): boolean {
  return rawSocket !== undefined || (output.awaitsReader && endedAt !== undefined && Math.abs(now - endedAt) < readerMillis);
}
