import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Patience } from '../../support/patience.ts';

/** [milliseconds passed, of them without a processor, whether 20 s are over] */
const cases = [
  [20_000, 0, false],
  [20_001, 0, true],
  [20_001, 1, false],
  [45_000, 24_999, true],
  [60_000, 60_000, false],
  [60_001, 60_001, true],
] as const;

it('a deadline waits for what waits for a processor, three times as long at most', () => {
  for (const [passed, stalled, isOver] of cases) {
    const figures = { now: 1000, stalled: 500 };
    const patience = new Patience(
      20_000,
      () => figures.now,
      () => figures.stalled,
    );
    assert.equal(patience.isOver, false);
    figures.now += passed;
    figures.stalled += stalled;
    assert.equal(patience.isOver, isOver, `${passed} ms, ${stalled} of them stalled`);
  }
});
