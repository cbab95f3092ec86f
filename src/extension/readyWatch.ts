import type { TreeId } from '../protocol/identity.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isReady } from '../protocol/trees.ts';

type Tree = Pick<TreeSnapshot, 'id' | 'state' | 'health' | 'endedAt' | 'lifetime' | 'startedAt'>;

/** Maximum number of trees that are remembered though they are not listed: those of a warden whose connection was lost are listed again. */
const maxUnlisted = 1000;

/** Finds the trees that have become ready since the last look, each once; never those that were there before the window was. */
export class ReadyWatch {
  /** When the window was opened, in milliseconds since 1970. */
  readonly #since: number;
  /** Those that were there before, and those that were found, the oldest first; undefined until it is known what was there before. */
  #done: Set<TreeId> | undefined;

  constructor(since: number) {
    this.#since = since;
  }

  get hasBegun(): boolean {
    return this.#done !== undefined;
  }

  /** These were there before. */
  begin(trees: readonly Tree[]): void {
    this.#done = new Set(trees.map(({ id }) => id));
  }

  look<T extends Tree>(trees: readonly T[]): readonly T[] {
    const done = this.#done;
    if (done === undefined) return [];
    const ready = trees.filter((tree) => isReady(tree) && !done.has(tree.id));
    for (const { id } of ready) done.add(id);
    const listed = new Set(trees.map(({ id }) => id));
    for (const id of done) {
      if (done.size <= listed.size + maxUnlisted) break;
      if (!listed.has(id)) done.delete(id);
    }
    return ready.filter((tree) => !this.#isFromBefore(tree));
  }

  /** A warden of detached processes may be found later than the window was opened, with all that it has. */
  #isFromBefore({ lifetime, startedAt }: Tree): boolean {
    return lifetime === 'detached' && startedAt < this.#since;
  }
}
