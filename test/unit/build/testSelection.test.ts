/** Which files of tests a run tries. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { root } from '../../../src/build/paths.ts';
import { isTried, isTriedByUser, lists, parts, type Selection, seedOf } from '../../../src/build/testSelection.ts';

const filesOf = (kind: string): string[] =>
  readdirSync(join(root, 'test', kind))
    .filter((name) => name.endsWith('.test.ts'))
    .sort();
const forCommit: Selection = { full: false, named: false, seed: 20261201 };
const kinds = ['system', 'host'] as const;
const triedIn = (kind: string, selection: Selection): string[] =>
  filesOf(kind).filter((file, index) => isTried(kind, file, index, selection));

describe('the files of tests', () => {
  for (const kind of kinds) {
    const { forFullRuns, everyTime } = lists[kind];
    const daily = filesOf(kind).filter((file) => !forFullRuns.has(file));

    it(`of the ${kind} that are named are there, and in one list only`, () => {
      const named = [...forFullRuns, ...everyTime];
      assert.deepEqual(
        named.filter((file) => !filesOf(kind).includes(file)),
        [],
      );
      assert.equal(new Set(named).size, named.length);
    });

    it(`of the ${kind} are all tried in a few days, the most important ones each time`, () => {
      const days = Array.from({ length: parts[kind] }, (_, day) => triedIn(kind, { ...forCommit, seed: forCommit.seed + day }));
      assert.deepEqual([...new Set(days.flat())].sort(), daily);
      for (const tried of days) {
        assert.deepEqual(
          [...everyTime].filter((file) => !tried.includes(file)),
          [],
        );
        assert.ok(tried.length < 0.75 * filesOf(kind).length, `${tried.length} of ${filesOf(kind).length}`);
      }
    });

    it(`of the ${kind} are all tried in a full run, and all but those for full runs where they are asked for`, () => {
      assert.deepEqual(triedIn(kind, { ...forCommit, full: true }), filesOf(kind));
      assert.deepEqual(triedIn(kind, { ...forCommit, named: true }), daily);
    });
  }

  it('of other kinds are all tried', () => assert.deepEqual(triedIn('attack', forCommit), filesOf('attack')));

  it('of the system are tried by an ordinary user where the user matters, and all of them in a full run', () => {
    const [mattering, other] = [['recovery.test.ts', 0] as const, ['completion.test.ts', 1] as const];
    assert.ok(isTriedByUser(...mattering, forCommit));
    assert.ok(!isTriedByUser(...other, { ...forCommit, named: true }));
    assert.ok(isTriedByUser(...other, { ...forCommit, full: true }));
  });
});

describe('the seed of a run', () => {
  it('is the day, or what is given', () => {
    assert.equal(seedOf(undefined, new Date('2026-11-28T23:00:00Z')), 20261128);
    assert.equal(seedOf('7', new Date()), 7);
  });

  for (const written of ['', 'today', '-1', '1e400', '12345678901'])
    it(`is not '${written}'`, () => assert.throws(() => seedOf(written, new Date()), /must be a number of at most nine digits/));
});
