import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReadyWatch } from '../../../src/extension/readyWatch.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';
import type { TreeState } from '../../../src/protocol/snapshot.ts';

const tree = (id: string, state: TreeState) => ({ id: id as TreeId, state });

describe('trees that have become ready', () => {
  const old = [tree('o', 'starting')];
  const cases: [string, readonly (readonly ReturnType<typeof tree>[])[], readonly string[]][] = [
    ['are found once', [[tree('a', 'starting')], [tree('a', 'ready')], [tree('a', 'ready')]], ['', 'a', '']],
    ['are found where they are ready at the first look', [[tree('a', 'ready')]], ['a']],
    ['are not those that were there before', [[tree('o', 'starting')], [tree('o', 'ready'), tree('a', 'ready')]], ['', 'a']],
    ['are none where one fails', [[tree('a', 'starting')], [tree('a', 'failed')]], ['', '']],
    [
      'are found again as the next one',
      [[tree('a', 'ready')], [tree('a', 'failed'), tree('b', 'starting')], [tree('b', 'ready')]],
      ['a', '', 'b'],
    ],
    ['are found together', [[tree('a', 'ready'), tree('b', 'starting'), tree('c', 'ready')]], ['ac']],
  ];
  for (const [what, looks, found] of cases)
    it(what, () => {
      const watch = new ReadyWatch();
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
    const watch = new ReadyWatch();
    assert.deepEqual(watch.look([tree('a', 'ready')]), []);
    assert.equal(watch.hasBegun, false);
  });
});
