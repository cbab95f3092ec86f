import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { amountsFor, budgetAmounts, knownMemory, sizeOf } from '../../../../src/gateway/admission/needs.ts';
import type { ModelRequest } from '../../../../src/protocol/models.ts';

const onGpus = (...numbers: readonly number[]): Pick<ModelRequest, 'gpus'> => ({ gpus: { numbers, variables: [] } });
const known = (memoryBytes: number, gpuMemoryBytes = 0) => ({ memoryBytes, gpuMemoryBytes });
const withGpus = { gpuMemoryBytes: 24 };

describe('the memory of a model', () => {
  it('is what is declared, else what was measured, else an estimate', () => {
    const all = { memory: { memoryBytes: 1 }, estimatedBytes: 3 };
    assert.deepEqual(sizeOf(all, known(2, 9), {}), { ...known(1, 9), source: 'declared' });
    assert.deepEqual(sizeOf({ estimatedBytes: 3 }, known(2, 9), {}), { ...known(2, 9), source: 'measured' });
    assert.deepEqual(sizeOf({ estimatedBytes: 3 }, undefined, {}), { ...known(3), source: 'estimated' });
    assert.deepEqual(sizeOf({ memory: { gpuMemoryBytes: 4 } }, undefined, {}), { ...known(0, 4), source: 'declared' });
  });

  it('is estimated for the GPUs where they have a budget, unless the model uses none', () => {
    assert.deepEqual(sizeOf({ estimatedBytes: 3 }, undefined, withGpus), { ...known(0, 3), source: 'estimated' });
    assert.deepEqual(sizeOf({ estimatedBytes: 3, ...onGpus() }, undefined, withGpus), { ...known(3), source: 'estimated' });
    assert.deepEqual(sizeOf({ estimatedBytes: 3, ...onGpus(1) }, undefined, { memoryBytes: 8 }), { ...known(3), source: 'estimated' });
  });

  it('is told to clients as far as it is known', () => {
    assert.deepEqual(knownMemory({}, undefined, withGpus), { source: 'unknown' });
    assert.deepEqual(knownMemory({}, known(2, 3), withGpus), { ...known(2, 3), source: 'measured' });
  });

  it('is counted for each of its GPUs, and for all of them together', () => {
    const model = { ...onGpus(0, 2), start: {} } as ModelRequest;
    const amounts = amountsFor(model, { ...known(1, 6), source: 'measured' }, 2);
    assert.deepEqual(Object.fromEntries(amounts), { memory: 2, gpus: 12, 'gpu 0': 6, 'gpu 2': 6 });
    assert.deepEqual(Object.fromEntries(budgetAmounts({ gpuMemoryBytes: [8, 16] }, ['x'])), {
      'gpu 0': 8,
      'gpu 1': 16,
      gpus: 24,
      'group x': 1,
    });
  });

  it('is none of this machine where its servers run on another one', () => {
    const model = { start: { runner: { type: 'ssh' } }, exclusive: 'x' } as ModelRequest;
    assert.deepEqual(Object.fromEntries(amountsFor(model, { ...known(1, 6), source: 'measured' }, 2)), { 'group x': 1 });
  });
});
