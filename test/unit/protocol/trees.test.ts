import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TreeId } from '../../../src/protocol/identity.ts';
import type { TreeSnapshot } from '../../../src/protocol/snapshot.ts';
import { newestByName } from '../../../src/protocol/trees.ts';
import { aTree } from '../../support/snapshots.ts';

const named = (id: string, changes: Partial<TreeSnapshot>): TreeSnapshot => aTree({ id: id as TreeId, ...changes });

describe('the tree of a name that several wardens have had', () => {
  const old = named('old', { startedAt: 1 });
  const late = named('late', { startedAt: 2 });
  const oldEnded = named('old', { startedAt: 1, endedAt: 5 });
  const lateEnded = named('late', { startedAt: 2, endedAt: 3 });
  const coming = named('coming', { startedAt: 0, endedAt: 3, nextStartAt: 9 });
  const cases: [string, TreeSnapshot, TreeSnapshot, string][] = [
    ['lives', old, lateEnded, 'old'],
    ['is about to be restarted', coming, lateEnded, 'coming'],
    ['is the newest of those that live', old, late, 'late'],
    ['is the newest of those that have ended', oldEnded, lateEnded, 'late'],
  ];
  for (const [what, one, other, expected] of cases)
    it(what, () => {
      assert.equal(newestByName([one, other]).get('web')?.id, expected);
      assert.equal(newestByName([other, one]).get('web')?.id, expected);
    });
});
