/** Which of the trees that have ended are not listed any more. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TreeId } from '../../../../src/protocol/identity.ts';
import { noStanding, type Standing } from '../../../../src/warden/reconciler/restarts.ts';
import { endedKept, forgettable, shortenable } from '../../../../src/warden/trees/forgettable.ts';
import type { TreeView } from '../../../../src/warden/trees/treeView.ts';

const now = 1_000_000;

interface Given {
  readonly name: string;
  /** Milliseconds since its end; absent: it runs. */
  readonly ago?: number;
  readonly rawSocket?: string;
  readonly awaitsReader?: boolean;
  readonly isSpawned?: boolean;
  readonly standing?: Partial<Standing>;
}

/** The places in the list of those that are forgotten. */
function forgotten(given: readonly Given[], declared: readonly string[] = []): number[] {
  const trees = given.map(({ name, ago, rawSocket, awaitsReader = false, isSpawned = true, standing }) => ({
    request: { name } as TreeView['request'],
    leader: isSpawned ? ({ pid: 1 } as TreeView['leader']) : undefined,
    ended: ago !== undefined,
    endedAt: ago === undefined ? undefined : now - ago,
    rawSocket,
    output: { awaitsReader },
    standing: { ...noStanding, ...standing },
  }));
  const found = forgettable(trees, { standingOf: ({ standing }) => standing, isDeclared: (name) => declared.includes(name), now });
  return found.map((tree) => trees.indexOf(tree)).toSorted((a, b) => a - b);
}

const many = (count: number, more: Partial<Given> = {}): Given[] =>
  Array.from({ length: count }, (_, index) => ({ name: `job ${index}`, ago: 0, ...more }));
const indexes = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('what has ended', () => {
  const cases: readonly [what: string, given: readonly Given[], expected: readonly number[]][] = [
    ['is listed until the next run of its name has ended', [{ name: 'a', ago: 9 }, { name: 'a' }], []],
    [
      'is not listed behind that',
      [
        { name: 'a', ago: 9 },
        { name: 'b', ago: 5 },
        { name: 'a', ago: 1 },
      ],
      [0],
    ],
    [
      'is pushed out by nothing that could not be spawned',
      [
        { name: 'a', ago: 9 },
        { name: 'a', ago: 1, isSpawned: false },
      ],
      [],
    ],
    [
      'is listed while its successor is to be started',
      [
        { name: 'a', ago: 9, standing: { nextStartAt: now } },
        { name: 'a', ago: 1 },
      ],
      [],
    ],
    ['is listed while its successor waits for others', [{ name: 'a', ago: 9, standing: { restarting: true } }, ...many(endedKept)], []],
    [
      'is not listed when its successor has ended, too',
      [
        { name: 'a', ago: 9, standing: { restarting: true, successor: 'next' as TreeId } },
        { name: 'a', ago: 1 },
      ],
      [0],
    ],
    ['is listed, of many names, where it is among the newest', many(endedKept), []],
    ['is not listed where it is not', many(endedKept + 3), [0, 1, 2]],
    ['is among the newest where it has ended last, however long it ran', [{ name: 'a', ago: 0 }, ...many(endedKept, { ago: 5 })], [1]],
    ['is listed, of many, while its client has not opened its streams', many(60, { rawSocket: '/socket' }), []],
    ['is listed, of many, while the reader that it is kept for has not come', many(60, { awaitsReader: true, ago: 9_999 }), []],
    ['is not kept for ever for one that does not come', many(60, { awaitsReader: true, ago: 10_000 }), indexes(40)],
    [
      'is kept for its reader also where the next run of its name has ended',
      [
        { name: 'a', ago: 9, awaitsReader: true },
        { name: 'a', ago: 1 },
      ],
      [],
    ],
  ];
  for (const [what, given, expected] of cases) it(what, () => assert.deepEqual(forgotten(given), expected));

  it('is listed for as long as a file declares it, however many that are', () => {
    const given = many(60);
    const names = given.map(({ name }) => name);
    assert.deepEqual(forgotten(given, names), []);
    assert.deepEqual(forgotten(given, names.slice(0, 50)), []);
    // Of the others, as many are listed as ever.
    assert.deepEqual(forgotten(given, names.slice(30)), indexes(10));
    assert.deepEqual(forgotten([...given, { name: 'job 0', ago: 0 }], names), [0]);
  });
});

it('what has ended is kept with its last lines alone beyond the newest ones, unless its reader may still come', () => {
  const trees = Array.from({ length: endedKept + 3 }, (_, index) => ({
    request: { name: `job ${index}` } as TreeView['request'],
    leader: { pid: 1 } as TreeView['leader'],
    ended: index !== 1,
    endedAt: index === 1 ? undefined : now - 60_000 + index,
    rawSocket: undefined,
    output: { awaitsReader: false },
  }));
  assert.deepEqual(
    shortenable(trees, { now }).map((tree) => trees.indexOf(tree)),
    [0, 2],
  );
  const waiting = trees.map((tree, index) => ({ ...tree, rawSocket: index === 0 ? '/socket' : undefined }));
  assert.deepEqual(
    shortenable(waiting, { now }).map((tree) => waiting.indexOf(tree)),
    [2],
  );
});
