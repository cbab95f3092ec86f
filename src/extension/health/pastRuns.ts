import type { TreeId } from '../../protocol/identity.ts';
import type { Run } from '../../protocol/runs.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';

/** The earlier runs of what runs now, read once a tree and only when they are asked for. */
export class PastRuns {
  readonly #runs = new Map<TreeId, readonly Run[]>();

  /** The newest first, without the tree's own; empty until they are read, and where none are kept. */
  of({ id, history }: TreeSnapshot): readonly Run[] {
    const known = this.#runs.get(id);
    if (known || history === undefined) return known ?? [];
    this.#runs.set(id, []);
    void import('../runs/main.ts').then(({ readRuns }) => {
      if (this.#runs.has(id))
        this.#runs.set(
          id,
          readRuns(history).runs.filter(({ tree }) => tree !== id),
        );
    });
    return [];
  }

  /** Discards those of all other trees. */
  retain(trees: readonly TreeSnapshot[]): void {
    const ids = new Set(trees.map(({ id }) => id));
    for (const id of this.#runs.keys()) if (!ids.has(id)) this.#runs.delete(id);
  }
}
