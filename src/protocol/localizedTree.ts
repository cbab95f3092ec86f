import type { TreeSnapshot } from './snapshot.ts';
import { type Text, textFrom } from './texts.ts';

/** The tree with its texts as `localize` has them; what an older warden has sent stays English. */
export function localizedTree(tree: TreeSnapshot, localize: (text: Text) => string): TreeSnapshot {
  const { reason, reasonData, illness, illnessData, warning, warningData, limit, limitData } = tree;
  return {
    ...tree,
    reason: localize(textFrom(reason, reasonData)),
    ...(illness !== undefined && { illness: localize(textFrom(illness, illnessData)) }),
    ...(warning !== undefined && { warning: localize(textFrom(warning, warningData)) }),
    ...(limit !== undefined && { limit: localize(textFrom(limit, limitData)) }),
  };
}
