/** Which files of tests a run tries. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { root } from '../../../src/build/paths.ts';
import { isTriedByUser, isTriedInEditor, lists, parts, type Selection, seedOf } from '../../../src/build/testSelection.ts';

const filesOf = (kind: string): string[] =>
  readdirSync(join(root, 'test', kind))
    .filter((name) => name.endsWith('.test.ts'))
    .sort();
const host = filesOf('host');
const forCommit: Selection = { full: false, named: false, seed: 20261201 };
const triedIn = (selection: Selection): string[] => host.filter((file, index) => isTriedInEditor(file, index, selection));

describe('the files of tests', () => {
  it('that are named are there, and in one list only', () => {
    for (const [kind, sets] of Object.entries(lists)) {
      const named = sets.flatMap((set) => [...set]);
      assert.deepEqual(
        named.filter((file) => !filesOf(kind).includes(file)),
        [],
      );
      assert.equal(new Set(named).size, named.length);
    }
  });

  it('in the editor are all tried in a few days, the most important ones each time', () => {
    const [forFullRuns, everyTime] = lists.host;
    const days = Array.from({ length: parts }, (_, day) => triedIn({ ...forCommit, seed: forCommit.seed + day }));
    assert.deepEqual(
      [...new Set(days.flat())].sort(),
      host.filter((file) => !forFullRuns.has(file)),
    );
    for (const tried of days) {
      assert.deepEqual(
        [...everyTime].filter((file) => !tried.includes(file)),
        [],
      );
      assert.ok(tried.length < host.length / 2, `${tried.length} of ${host.length}`);
    }
  });

  it('in the editor are all tried in a full run, and all but those for full runs where they are asked for', () => {
    assert.deepEqual(triedIn({ ...forCommit, full: true }), host);
    assert.deepEqual(
      triedIn({ ...forCommit, named: true }),
      host.filter((file) => !lists.host[0].has(file)),
    );
  });

  it('of the system are tried by an ordinary user where the user matters, and all of them in a full run', () => {
    assert.ok(isTriedByUser('recovery.test.ts', forCommit));
    assert.ok(!isTriedByUser('completion.test.ts', forCommit));
    assert.ok(isTriedByUser('completion.test.ts', { ...forCommit, full: true }));
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
