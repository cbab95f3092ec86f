import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lease } from '../../../src/warden/lease.ts';

/** As a suspended process has it: time goes by, and nothing of it runs. */
function suspend(millis: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis);
}

it('ends without a sign of life, and not before its time', async () => {
  const order: string[] = [];
  const half = sleep(50).then(() => order.push('half of its time'));
  await new Promise<void>((resolve) => new Lease(100, resolve));
  order.push('its end');
  await half;
  assert.deepEqual(order, ['half of its time', 'its end']);
});

it('does not end by the time in which its process was suspended', async () => {
  let isOver = false;
  const lease = new Lease(400, () => {
    isOver = true;
  });
  suspend(1000);
  // As much as a client needs to be heard again.
  await sleep(40);
  assert.equal(isOver, false);
  assert.equal(lease.renew(), 400);
  lease.dispose();
});
