import type { Tree } from '../trees/tree.ts';

/** One request that waits for the next tree of a name. */
interface Waiter {
  resolve(tree: Tree): void;
  reject(error: unknown): void;
}

/** The requests that wait for the next tree of a name. All of them are settled together. */
export class Waiters {
  #waiters: readonly Waiter[] = [];

  get isEmpty(): boolean {
    return this.#waiters.length === 0;
  }

  /** `next` is settled by {@link resolve} or {@link reject}, and never once it is removed. */
  add(): { readonly next: Promise<Tree>; remove(): void } {
    let remove = (): void => undefined;
    const next = new Promise<Tree>((resolve, reject) => {
      const waiter: Waiter = { resolve, reject };
      this.#waiters = [...this.#waiters, waiter];
      remove = () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
      };
    });
    return { next, remove };
  }

  resolve(tree: Tree): void {
    for (const waiter of this.#takeAll()) waiter.resolve(tree);
  }

  reject(error: unknown): void {
    for (const waiter of this.#takeAll()) waiter.reject(error);
  }

  #takeAll(): readonly Waiter[] {
    const waiters = this.#waiters;
    this.#waiters = [];
    return waiters;
  }
}
