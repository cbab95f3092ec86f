import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gatherMillis, type ModelSnapshot } from '../../../src/protocol/models.ts';

describe('the time within which changes of models are told together', () => {
  const models = (...instances: readonly number[]): ModelSnapshot[] =>
    instances.map((length) => ({ instances: Array.from({ length }) }) as unknown as ModelSnapshot);
  const cases: readonly (readonly [string, readonly ModelSnapshot[], number])[] = [
    ['is short for a few servers', models(1, 4), 100],
    ['is as short where none is loaded', models(0, 0), 100],
    ['grows with the number of servers', models(64, 64, 64, 64), 256],
    ['is a second at most', models(...Array.from({ length: 100 }, () => 64)), 1000],
  ];
  for (const [title, snapshots, expected] of cases) it(title, () => assert.equal(gatherMillis(100, snapshots), expected));
});
