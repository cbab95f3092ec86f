import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lookAt, lookMillis, toleranceMillis, untilLook } from '../../../../src/warden/reconciler/scheduleClock.ts';

const at = Date.UTC(2026, 0, 1, 3);
const day = 86_400_000;

describe('a look at the clock', () => {
  const cases: readonly (readonly [string, number, number, ReturnType<typeof lookAt>])[] = [
    ['before the time', at - 1, at - lookMillis, 'early'],
    ['at the time', at, at - lookMillis, 'due'],
    ['on a busy machine', at + toleranceMillis, at - lookMillis, 'due'],
    ['after a sleep', at + toleranceMillis + 1, at - lookMillis, 'missed'],
    ['after the clock was put forward by a year', at + 365 * day, at - lookMillis, 'missed'],
    ['after it was put back a little, as time servers do', at - 5000, at - 1000, 'early'],
    ['after it was put back by an hour', at - day - 3_600_000, at - day, 'setBack'],
    ['after it was put back behind a time that had come', at - 4 * day, at - 1, 'setBack'],
  ];
  for (const [when, now, before, look] of cases) it(`${when}: ${look}`, () => assert.equal(lookAt(at, now, before), look));

  it('comes at the next time, and at least twice a minute, however far that is', () => {
    assert.equal(untilLook([at + 1500, at + 700], at), 700);
    assert.equal(untilLook([at - 1], at), 0);
    assert.equal(untilLook([at + 100 * 365 * day], at), lookMillis);
    assert.equal(untilLook([], at), lookMillis);
    assert.ok(lookMillis <= 30_000 && lookMillis < toleranceMillis);
  });
});
