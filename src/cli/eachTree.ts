import { failureText } from '../client/nameVerbs.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { labelOf } from '../protocol/trees.ts';
import { complain } from './say.ts';
import type { FoundTree } from './wardens.ts';

interface Outcome {
  readonly results: readonly TreeSnapshot[];
  /** Whether it was done for every tree. */
  readonly complete: boolean;
}

/** Acts on all trees at once. One that fails is told on stderr, and leaves the others alone. */
export async function onEachTree(found: readonly FoundTree[], act: (one: FoundTree) => Promise<TreeSnapshot>): Promise<Outcome> {
  const settled = await Promise.allSettled(found.map(act));
  const results = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const problems = settled.flatMap((one, index) => {
    const tree = found[index]?.tree;
    return one.status === 'rejected' && tree ? [`${labelOf(tree)}: ${failureText(one.reason)}`] : [];
  });
  for (const problem of problems) complain(problem);
  return { results, complete: problems.length === 0 };
}
