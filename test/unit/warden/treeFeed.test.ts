import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import type { TreeSnapshot } from '../../../src/protocol/snapshot.ts';
import { applyChange, type TreesChange } from '../../../src/protocol/treeChanges.ts';
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

  /** A name whose runs follow each other, as the supervisor lists them: of those that have ended, the newest. */
  const runsOf = async (): Promise<{ feed: TreeFeed; sent: TreesChange[]; next(): void }> => {
    const sent: TreesChange[] = [];
    const run = (number: number, fields: object = {}): TreeSnapshot =>
      ({ id: `run ${number}`, name: 'it', members: [], ...fields }) as unknown as TreeSnapshot;
    let listed: TreeSnapshot[] = [run(1)];
    const snapshots = (): TreeSnapshot[] => {
      now += 10;
      return listed;
    };
    const feed = new TreeFeed({ sample: async () => undefined, snapshots, allSnapshots: snapshots }, (change) => sent.push(change));
    await feed.watch(0);
    let number = 1;
    /** The present run ends and is followed by another one, so that the one before it is forgotten. */
    const next = (): void => {
      const [before] = listed.filter(({ endedAt }) => endedAt !== undefined);
      if (before) feed.forgotten(before);
      listed = [run(number, { endedAt: number, successor: `run ${number + 1}`, restarting: true }), run(number + 1)];
      number++;
      feed.changed();
    };
    return { feed, sent, next };
  };
  const listOf = (sent: readonly TreesChange[]): (readonly string[])[] => {
    let list: readonly TreeSnapshot[] = [{ id: 'run 1', name: 'it', members: [] } as unknown as TreeSnapshot];
    return sent.map((change) => {
      list = applyChange(list, change);
      return list.map(({ id, endedAt, successor }) => (endedAt === undefined ? id : `${id}, then ${successor}`));
    });
  };

  for (const count of [1, 2, 3, 50]) {
    it(`has the end of each of ${count} runs and what came after it, however many there were since the last change`, async () => {
      const { sent, next } = await runsOf();
      next();
      await turn();
      for (let done = 0; done < count; done++) next();
      pass(200);
      const lists = listOf(sent);
      const seen = new Set(lists.flat());
      for (let number = 1; number <= count + 1; number++) assert.ok(seen.has(`run ${number}, then run ${number + 1}`), `run ${number}`);
      // What is forgotten is not listed in the end, and nothing is told more often than needed.
      assert.deepEqual(lists.at(-1), [`run ${count + 1}, then run ${count + 2}`, `run ${count + 2}`]);
      assert.ok(sent.length <= 3, String(sent.length));
    });
  }

  it('has the ends that came before it asked to watch at another interval', async () => {
    const { feed, sent, next } = await runsOf();
    for (let number = 1; number <= 3; number++) next();
    const list = await feed.watch(0);
    const seen = new Set(listOf(sent).flat());
    for (let number = 1; number <= 3; number++) assert.ok(seen.has(`run ${number}, then run ${number + 1}`), `run ${number}`);
    assert.deepEqual(
      list.map(({ id }) => id),
      ['run 3', 'run 4'],
    );
    const before = sent.length;
    pass(200);
    await turn();
    assert.equal(sent.length, before, 'and none of them twice');
  });

  it('has no end twice', async () => {
    const { sent, next } = await runsOf();
    for (let number = 1; number <= 3; number++) {
      next();
      pass(200);
      await turn();
    }
    assert.equal(sent.length, 3);
    assert.deepEqual(
      sent.map(({ gone = [] }) => gone),
      [[], ['run 1'], ['run 2']],
    );
  });
});
