import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SettledChange } from '../../../src/cli/settledChange.ts';

describe('a change of files', () => {
  /** What is found at each look, when, and whether it counts. */
  const cases: readonly (readonly [string, readonly (readonly [string, number, ReturnType<SettledChange['look']>])[]])[] = [
    [
      'is what is found first',
      [
        ['a', 0, 'settled'],
        ['a', 500, 'unchanged'],
      ],
    ],
    [
      'counts when it stays for a moment',
      [
        ['a', 0, 'settled'],
        ['b', 500, 'changing'],
        ['b', 600, 'changing'],
        ['b', 700, 'settled'],
        ['b', 800, 'unchanged'],
      ],
    ],
    [
      'of several saves counts once',
      [
        ['a', 0, 'settled'],
        ['b', 500, 'changing'],
        ['c', 650, 'changing'],
        ['c', 750, 'changing'],
        ['c', 850, 'settled'],
        ['c', 950, 'unchanged'],
      ],
    ],
    [
      'that is taken back at once is none',
      [
        ['a', 0, 'settled'],
        ['b', 500, 'changing'],
        ['a', 600, 'unchanged'],
        ['b', 2600, 'changing'],
      ],
    ],
    [
      'counts after two seconds though it goes on',
      [
        ['a', 0, 'settled'],
        ...Array.from({ length: 20 }, (_, index) => [`b${index}`, 500 + index * 100, 'changing'] as const),
        ['c', 2500, 'settled'],
        ['d', 2600, 'changing'],
      ],
    ],
  ];
  for (const [what, looks] of cases)
    it(what, () => {
      const change = new SettledChange();
      assert.deepEqual(
        looks.map(([found, at]) => change.look(found, at)),
        looks.map(([, , expected]) => expected),
      );
    });
});
