import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { drainMillis } from '../../../../src/protocol/gateway.ts';
import { Expiry } from '../../../../src/warden/models/expiry.ts';

/** With timers that the test moves: until then, none fires. */
function withTimers(test: (pass: (millis: number) => void, told: number[]) => void): void {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  try {
    test((millis) => mock.timers.tick(millis), []);
  } finally {
    mock.timers.reset();
  }
}

describe('the expiry of a server', () => {
  it('comes while there is time to answer what is under way', () =>
    withTimers((pass, told) => {
      const expiry = new Expiry();
      expiry.follow(Date.now() + drainMillis + 60_000, () => told.push(Date.now()));
      pass(50_000);
      assert.deepEqual([told, expiry.isOver], [[], false]);
      pass(6000);
      assert.deepEqual([told.length, expiry.isOver], [1, true]);
    }));

  it('is told once, however often it is followed', () =>
    withTimers((pass, told) => {
      const expiry = new Expiry();
      const stopsAt = Date.now() + 1000;
      for (let round = 0; round < 3; round++) {
        expiry.follow(stopsAt, () => told.push(Date.now()));
        pass(10);
      }
      assert.equal(told.length, 1);
    }));

  it('does not come where more time was given, or the server has ended', () =>
    withTimers((pass, told) => {
      const [longer, ended] = [new Expiry(), new Expiry()];
      for (const expiry of [longer, ended]) expiry.follow(Date.now() + drainMillis + 60_000, () => told.push(Date.now()));
      longer.follow(undefined, () => told.push(Date.now()));
      ended.cancel();
      pass(120_000);
      assert.deepEqual([told, longer.isOver, ended.isOver], [[], false, false]);
    }));
});
