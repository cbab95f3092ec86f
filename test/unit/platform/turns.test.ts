import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Turns } from '../../../src/platform/turns.ts';

describe('work in turns', () => {
  const cases: [string, number, string][] = [
    ['is done in one where it is short', 0.1, '1234 heard'],
    ['lets others have theirs where it is long', 5, '1 heard 2 heard 3 heard 4 heard'],
    ['is cut where a turn is over, not after each step', 2, '12 heard 34 heard'],
  ];
  for (const [what, stepMillis, order] of cases)
    it(what, async () => {
      let now = 0;
      let log = '';
      let isOver = false;
      const listen = (): void => {
        log += ' heard ';
        if (!isOver) setImmediate(listen);
      };
      setImmediate(listen);
      const results = await new Turns(() => now).map([1, 2, 3, 4], (item) => {
        log += item;
        now += stepMillis;
        return item * 2;
      });
      isOver = true;
      await new Promise(setImmediate);
      assert.deepEqual(results, [2, 4, 6, 8]);
      assert.equal(
        log
          .trim()
          .replaceAll(/( heard )+/g, ' heard ')
          .replaceAll(/\s+/g, ' '),
        order,
      );
    });
});
