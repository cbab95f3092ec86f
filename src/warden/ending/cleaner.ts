import { uncontained } from '../../platform/container.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { Membership } from '../trees/membership.ts';

/** What the process that cleans up for dead wardens does besides. */
export interface Cleaning {
  /** Commands of this tree are run from now on. */
  onBegun?(tree: TreeId): void;
  onOver?(tree: TreeId): void;
  onSpawned?(pid: number): void;
  onCollected?(pid: number): void;
  /** Other processes that clean up are not waited for any more. */
  readonly leaving?: AbortSignal;
  /** Commands are ended, and left to the process that comes next. */
  readonly hurry?: AbortSignal;
}

/**
 * Cleans up for wardens that were killed, as a part of a living one: what their commands start is not taken for strays, is killed by the switch where this
 * warden is killed as well, and is waited for at its end.
 */
export class Cleaner implements Cleaning {
  readonly #membership: Pick<Membership, 'announce' | 'forgetTree' | 'addSpawned' | 'forgetSpawned'>;
  readonly #leaving = new AbortController();
  readonly #hurry = new AbortController();
  #work: Promise<void> = Promise.resolve();
  #onCleared: () => void = () => undefined;
  /** Resolves when the work is done. */
  readonly cleared = new Promise<void>((resolve) => {
    this.#onCleared = resolve;
  });

  constructor(membership: Pick<Membership, 'announce' | 'forgetTree' | 'addSpawned' | 'forgetSpawned'>) {
    this.#membership = membership;
  }

  get leaving(): AbortSignal {
    return this.#leaving.signal;
  }

  get hurry(): AbortSignal {
    return this.#hurry.signal;
  }

  onBegun(tree: TreeId): void {
    this.#membership.announce(tree, uncontained);
  }

  onOver(tree: TreeId): void {
    this.#membership.forgetTree(tree);
  }

  onSpawned(pid: number): void {
    this.#membership.addSpawned(pid);
  }

  onCollected(pid: number): void {
    this.#membership.forgetSpawned(pid);
  }

  /** Does nothing where the warden is ending. */
  async run(work: () => Promise<void>): Promise<void> {
    if (this.#leaving.signal.aborted) return;
    this.#work = work();
    await this.#work.finally(this.#onCleared);
  }

  /** Resolves when the commands that are run now have ended; `now` ends them. */
  async end(now: boolean): Promise<void> {
    this.#leaving.abort();
    if (now) this.#hurry.abort();
    await this.#work.catch(() => undefined);
  }
}
