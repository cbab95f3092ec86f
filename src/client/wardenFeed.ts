import type { NameStatus } from '../protocol/declare.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import type { WardenClient } from './wardenClient.ts';
import { WardenGoneError } from './wardenGone.ts';

/** What a warden says of its trees and names, transition by transition. */
export class WardenFeed {
  readonly client: WardenClient;
  readonly #onChange: () => void;
  #trees: readonly TreeSnapshot[] = [];
  #names: readonly NameStatus[] = [];
  #isClosed = false;

  /**
   * Has the client watch. `onChange` hears of every change, and of the end of the connection; it lives as long as the client does. `figuresMillis`: interval
   * of figures; 0: transitions only.
   * @throws WardenGoneError where the warden ends first.
   */
  static async open(client: WardenClient, onChange: () => void, figuresMillis = 0): Promise<WardenFeed> {
    const feed = new WardenFeed(client, onChange);
    feed.#trees = await client.watch(figuresMillis);
    try {
      // One that is told meanwhile is newer than an answer that came before.
      const names = await client.names.list();
      if (feed.#names.length === 0) feed.#names = names;
    } catch (error) {
      // A warden of another version knows no names.
      if (error instanceof WardenGoneError) throw error;
    }
    return feed;
  }

  private constructor(client: WardenClient, onChange: () => void) {
    this.client = client;
    this.#onChange = onChange;
    client.onTrees((trees) => {
      this.#trees = trees;
      onChange();
    });
    client.names.onChange((names) => {
      this.#names = names;
      onChange();
    });
    client.onClose(() => {
      this.#isClosed = true;
      onChange();
    });
  }

  get trees(): readonly TreeSnapshot[] {
    return this.#trees;
  }

  get names(): readonly NameStatus[] {
    return this.#names;
  }

  /** Whether the warden has ended. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What an answer has said of trees before the news of them came. */
  learn(trees: readonly TreeSnapshot[]): void {
    const unknown = trees.filter(({ id }) => !this.#trees.some((known) => known.id === id));
    if (unknown.length === 0) return;
    this.#trees = [...this.#trees, ...unknown];
    this.#onChange();
  }
}
