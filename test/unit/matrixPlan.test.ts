import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Cube, planMatrix } from '../support/matrixPlan.ts';
import type { TestScope } from '../support/testScope.ts';

const cube: Cube = {
  containments: ['group', 'cgroup', 'namespace'],
  defaultContainment: 'cgroup',
  adversaries: Array.from({ length: 21 }, (_, index) => `adversary ${index}`),
  deaths: Array.from({ length: 9 }, (_, index) => `death ${index}`),
};

function cellsOf(scope: TestScope, seed: number, { containments, adversaries, deaths }: Cube = cube): string[][] {
  const plan = planMatrix(scope, seed, cube);
  return containments.flatMap((containment) =>
    adversaries.flatMap((adversary) =>
      deaths.flatMap((death) => (plan.includes(containment, adversary, death) ? [[containment, adversary, death]] : [])),
    ),
  );
}

const pairsOf = (cells: readonly string[][]): Set<string> =>
  new Set(
    cells.flatMap(([containment, adversary, death]) => [`${containment} ${adversary}`, `${containment} ${death}`, `${adversary} ${death}`]),
  );

describe('the plan of a matrix', () => {
  it('has every cell of the default containment, and every pair of the others, in a daily run', () => {
    for (let seed = 20260101; seed < 20260131; seed++) {
      const cells = cellsOf('daily', seed);
      assert.equal(cells.filter(([containment]) => containment === 'cgroup').length, 21 * 9);
      assert.equal(cells.length, 21 * 9 + 2 * 21);
      assert.equal(pairsOf(cells).size, 3 * 21 + 3 * 9 + 21 * 9);
    }
  });

  it('has every adversary and every death of each containment in a sample', () => {
    const cells = cellsOf('sample', 1);
    assert.equal(cells.length, 3 * 21);
    for (const part of [0, 1, 2]) {
      const found = new Set(cells.map((cell) => cell[part]));
      assert.equal(found.size, [3, 21, 9][part]);
    }
  });

  it('has all of it in a full run', () => assert.equal(cellsOf('full', 1).length, 3 * 21 * 9));

  it('is the same for the same seed, and comes to every cell from day to day', () => {
    assert.deepEqual(cellsOf('sample', 7), cellsOf('sample', 7));
    const seen = new Set<string>();
    for (let seed = 0; seed < 100; seed++) for (const cell of cellsOf('sample', seed)) seen.add(cell.join());
    assert.equal(seen.size, 3 * 21 * 9);
  });
});
