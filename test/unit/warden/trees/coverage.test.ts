import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Coverage } from '../../../../src/warden/trees/coverage.ts';

describe('the samples of a run', () => {
  const second = 1000;
  const cases: [string, number[], number, boolean][] = [
    ['cover nothing where there are none', [], 10, false],
    ['cover a short run with one of them', [4], 15, true],
    ['cover a run that was sampled every five seconds', Array.from({ length: 60 }, (_, index) => 5 * index), 300, true],
    ['do not cover a run that was sampled at its beginning alone', [1, 2, 3], 300, false],
    ['do not cover a run that was sampled at its end alone', [298, 299], 300, false],
    ['do not cover a run that was left alone for a while', [...Array(30).keys(), 250, 260, 270, 280, 290], 300, false],
    ['cover a run although the clock was put back', [10, 20, 15, 30], 35, true],
  ];
  for (const [what, samples, end, expected] of cases)
    it(what, () => {
      const coverage = new Coverage();
      for (const at of samples) coverage.add(at * second);
      assert.equal(coverage.covers(0, end * second), expected);
    });
});
