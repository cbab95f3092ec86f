import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ServerPorts } from '../../../../src/warden/models/serverPorts.ts';

describe('the port of a model’s server', () => {
  let now = 0;
  const offering = (...offers: number[]): ServerPorts => {
    now = 0;
    return new ServerPorts(
      () => Promise.resolve(offers.shift() ?? 9),
      () => now,
    );
  };

  it('is no other one’s while it is taken, even if the system offers it', async () => {
    const ports = offering(1, 1, 1, 2);
    assert.deepEqual([await ports.take(), await ports.take()], [1, 2]);
  });

  it('is no other one’s for two minutes after that', async () => {
    const ports = offering(1, 1, 2, 1);
    ports.release(await ports.take());
    now = 119_999;
    assert.equal(await ports.take(), 2);
    now = 120_000;
    assert.equal(await ports.take(), 1);
  });

  it('is refused where the system offers nothing else', async () => {
    const ports = offering();
    await ports.take();
    await assert.rejects(ports.take(), /no port left/);
  });

  it('that was never taken is not kept from anyone', async () => {
    const ports = offering(1);
    ports.release(1);
    assert.equal(await ports.take(), 1);
  });
});
