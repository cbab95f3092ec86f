import type { TreeId } from '../protocol/identity.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';

type Tree = Pick<TreeSnapshot, 'id' | 'state'>;

/** Finds the trees that have become ready since the last look; never those that were there before the window was. */
export class ReadyWatch {
  /** Of all listed trees, whether each has been found, or is not to be; undefined until it is known what was there before. */
  #known: Map<TreeId, boolean> | undefined;

  get hasBegun(): boolean {
    return this.#known !== undefined;
  }

  /** These were there before. */
  begin(trees: readonly Tree[]): void {
    this.#known = new Map(trees.map(({ id }) => [id, true]));
  }

  look<T extends Tree>(trees: readonly T[]): readonly T[] {
    const before = this.#known;
    if (before === undefined) return [];
    const found = trees.filter(({ id, state }) => state === 'ready' && before.get(id) !== true);
    this.#known = new Map(trees.map(({ id, state }) => [id, before.get(id) === true || state === 'ready']));
    return found;
  }
}
