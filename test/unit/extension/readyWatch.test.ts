import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReadyWatch } from '../../../src/extension/readyWatch.ts';
import type { Lifetime, TreeId } from '../../../src/protocol/identity.ts';
import type { TreeSnapshot, TreeState } from '../../../src/protocol/snapshot.ts';

const openedAt = 1000;
const tree = (id: string, state: TreeState, lifetime: Lifetime = 'managed', startedAt = openedAt + 1) => ({
  id: id as TreeId,
  state,
  health: 'unknown' as const,
  lifetime,
  startedAt,
});

type Listed = Omit<ReturnType<typeof tree>, 'health'> & Pick<TreeSnapshot, 'health' | 'endedAt'>;

describe('trees that have become ready', () => {
  const old = [tree('o', 'starting')];
  const cases: [string, readonly (readonly Listed[])[], readonly string[]][] = [
    ['are found once', [[tree('a', 'starting')], [tree('a', 'ready')], [tree('a', 'ready')]], ['', 'a', '']],
    ['are found where they are ready at the first look', [[tree('a', 'ready')]], ['a']],
    ['are found where the first process has left, and a probe says so', [[{ ...tree('a', 'exited'), health: 'healthy' }]], ['a']],
    ['are not those that have ended', [[{ ...tree('a', 'exited'), health: 'healthy', endedAt: 3 }]], ['']],
    ['are not those that were there before', [[tree('o', 'starting')], [tree('o', 'ready'), tree('a', 'ready')]], ['', 'a']],
    ['are none where one fails', [[tree('a', 'starting')], [tree('a', 'failed')]], ['', '']],
    [
      'are found again as the next one',
      [[tree('a', 'ready')], [tree('a', 'failed'), tree('b', 'starting')], [tree('b', 'ready')]],
      ['a', '', 'b'],
    ],
    [
      'are not found again when the connection to their warden was lost for a while',
      [[tree('a', 'ready', 'detached')], [], [tree('a', 'ready', 'detached')]],
      ['a', '', ''],
    ],
    [
      'are found when they have become ready while it was lost',
      [[tree('a', 'starting', 'detached')], [], [tree('a', 'ready', 'detached')]],
      ['', '', 'a'],
    ],
    [
      'are not those of a warden that is found later, with what it had before',
      [[tree('a', 'ready', 'detached', openedAt - 1), tree('b', 'ready', 'detached')]],
      ['b'],
    ],
    ['are those of this window after the clock was set back', [[tree('a', 'ready', 'managed', openedAt - 1)]], ['a']],
    ['are found together', [[tree('a', 'ready'), tree('b', 'starting'), tree('c', 'ready')]], ['ac']],
  ];
  for (const [what, looks, found] of cases)
    it(what, () => {
      const watch = new ReadyWatch(openedAt);
      watch.begin(old);
      assert.deepEqual(
        looks.map((trees) =>
          watch
            .look(trees)
            .map(({ id }) => id)
            .join(''),
        ),
        found,
      );
    });

  it('are none until it is known what was there before', () => {
    const watch = new ReadyWatch(openedAt);
    assert.deepEqual(watch.look([tree('a', 'ready')]), []);
    assert.equal(watch.hasBegun, false);
  });

  it('are not found again after many others', () => {
    const watch = new ReadyWatch(openedAt);
    watch.begin([]);
    const stays = tree('a', 'ready');
    const found = Array.from({ length: 5000 }, (_, index) => watch.look([stays, tree(`b${index}`, 'ready')]).map(({ id }) => id)).flat();
    assert.equal(found.length, 5001);
    assert.equal(new Set(found).size, 5001);
  });
});
