import type { TreeSnapshot } from '../protocol/snapshot.ts';
import type { Observers } from './observers.ts';

/** What is wanted to be heard of the trees of a warden. */
export interface TreeListener {
  /** They have changed in some way. */
  changed(): void;
  /** One that has ended is not listed any more; this is the last of it. */
  forgotten?(last: TreeSnapshot): void;
}

/** Tells of every transition of the trees, in the same turn of the event loop. */
export class TreeNews {
  readonly #observers: Observers;
  readonly #listeners = new Set<TreeListener>();

  constructor(observers: Observers) {
    this.#observers = observers;
  }

  /** Returns a function that takes the listener away. */
  listen(listener: TreeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(): void {
    this.#tell((listener) => listener.changed());
  }

  forgotten(last: TreeSnapshot): void {
    this.#tell((listener) => listener.forgotten?.(last));
  }

  clear(): void {
    this.#listeners.clear();
  }

  #tell(tell: (listener: TreeListener) => void): void {
    for (const listener of this.#listeners) this.#observers.runNow('Telling clients of the trees', () => tell(listener), undefined);
  }
}
