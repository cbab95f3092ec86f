import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { endOfPeriod, periodOf, periodPattern } from '../../../src/protocol/budgetPeriods.ts';
import { budgetPeriods } from '../../../src/protocol/remoteModels.ts';
import { holdsFor } from '../../support/property.ts';

describe('the period of a budget', () => {
  const cases: ['day' | 'month', string, string, string][] = [
    ['day', '2026-12-01T00:00:00.000Z', '2026-12-01', '2026-12-02T00:00:00.000Z'],
    ['day', '2026-12-31T23:59:59.999Z', '2026-12-31', '2027-01-01T00:00:00.000Z'],
    ['day', '2028-02-28T12:00:00.000Z', '2028-02-28', '2028-02-29T00:00:00.000Z'],
    ['month', '2026-12-01T00:00:00.000Z', '2026-12', '2027-01-01T00:00:00.000Z'],
    ['month', '2027-01-31T23:59:59.999Z', '2027-01', '2027-02-01T00:00:00.000Z'],
  ];
  for (const [per, at, name, end] of cases)
    it(`is ${name} at ${at}`, () => {
      assert.equal(periodOf(per, Date.parse(at)), name);
      assert.equal(new Date(endOfPeriod(per, Date.parse(at))).toISOString(), end);
    });

  it('holds until its end, and not longer', () =>
    holdsFor(fc.integer({ min: 0, max: Date.parse('2200-01-01') }), (at) => {
      for (const per of budgetPeriods) {
        const end = endOfPeriod(per, at);
        assert.ok(end > at);
        assert.match(periodOf(per, at), periodPattern);
        assert.equal(periodOf(per, end - 1), periodOf(per, at));
        assert.ok(periodOf(per, end) > periodOf(per, at));
      }
    }));
});
