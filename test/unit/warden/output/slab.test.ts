import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Slab, SlabPool } from '../../../../src/warden/output/slab.ts';

const bytes = 256 * 1024;

describe('a slab', () => {
  it('is used again when its last holder has let go, and not before', () => {
    const pool = new SlabPool(bytes, 1);
    const slab = pool.take();
    const shared = Slab.share(slab.memory.subarray(0, bytes / 2));
    assert.equal(shared, slab);
    slab.release();
    assert.notEqual(pool.take(), slab);
    shared?.release();
    assert.equal(pool.take(), slab);
  });

  it('is not held for a short piece of it, nor for what is in no slab', () => {
    const slab = new SlabPool(bytes, 1).take();
    assert.equal(Slab.share(slab.memory.subarray(0, 1000)), undefined);
    assert.equal(Slab.share(Buffer.alloc(bytes)), undefined);
  });

  it('is let go for good where enough others are free', () => {
    const pool = new SlabPool(bytes, 2);
    const slabs = [pool.take(), pool.take(), pool.take()];
    for (const slab of slabs) slab.release();
    const again = [pool.take(), pool.take(), pool.take()];
    assert.equal(slabs.filter((slab) => again.includes(slab)).length, 2);
  });
});
