import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import type { TreeSnapshot } from '../../../src/protocol/snapshot.ts';
import type { TreesChange } from '../../../src/protocol/treeChanges.ts';
import { TreeFeed } from '../../../src/warden/treeFeed.ts';

describe('what a client that watches is sent at transitions', () => {
  let now = 0;
  beforeEach(() => {
    now = 0;
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    mock.method(performance, 'now', () => now);
  });
  afterEach(() => mock.reset());

  /** `listMillis`: how long a list takes. */
  const feedOf = async (listMillis: number): Promise<{ feed: TreeFeed; sent: TreesChange[]; rename(name: string): void }> => {
    const sent: TreesChange[] = [];
    let name = 'first';
    const snapshots = (): TreeSnapshot[] => {
      now += listMillis;
      return [{ id: 'it', name, members: [] } as unknown as TreeSnapshot];
    };
    const source = { sample: async () => undefined, snapshots, allSnapshots: snapshots };
    const feed = new TreeFeed(source, (change) => sent.push(change));
    await feed.watch(0);
    const rename = (next: string): void => {
      name = next;
      feed.changed();
    };
    return { feed, sent, rename };
  };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const names = (sent: readonly TreesChange[]): unknown[] => sent.map(({ changed }) => changed?.[0]?.name);
  const pass = (millis: number): void => {
    now += millis;
    mock.timers.tick(millis);
  };

  it('comes in the turn of each, where a list is quick', async () => {
    const { sent, rename } = await feedOf(1);
    for (const name of ['a', 'b', 'c']) {
      rename(name);
      await turn();
    }
    assert.deepEqual(names(sent), ['a', 'b', 'c']);
  });

  it('comes together after a rest, where a list takes long', async () => {
    const { sent, rename } = await feedOf(10);
    for (const name of ['a', 'b', 'c']) {
      rename(name);
      await turn();
    }
    assert.deepEqual(names(sent), ['a']);
    pass(29);
    assert.deepEqual(names(sent), ['a']);
    pass(1);
    assert.deepEqual(names(sent), ['a', 'c']);
    // Nothing was left to be sent, so the next one is sent at once when the rest is over.
    pass(200);
    rename('d');
    await turn();
    assert.deepEqual(names(sent), ['a', 'c', 'd']);
  });

  it('does not wait longer than a fifth of a second', async () => {
    const { sent, rename } = await feedOf(1000);
    rename('a');
    await turn();
    rename('b');
    pass(200);
    assert.deepEqual(names(sent), ['a', 'b']);
  });

  it('is not sent when the feed is disposed meanwhile', async () => {
    const { feed, sent, rename } = await feedOf(10);
    rename('a');
    await turn();
    rename('b');
    feed.dispose();
    pass(1000);
    assert.deepEqual(names(sent), ['a']);
  });
});
