import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { QueueMemory } from '../../../../src/warden/output/queueMemory.ts';
import { holdsFor } from '../../../support/property.ts';

const room = 64 * 1024;

describe('the memory of a queue', () => {
  it('keeps each chunk as it was until it is released, whatever comes meanwhile', async () => {
    const step = fc.oneof(fc.integer({ min: 1, max: room + 1 }), fc.constant('release' as const));
    await holdsFor(
      fc.array(step, { maxLength: 60 }),
      (steps) => {
        const memory = new QueueMemory(room);
        const kept: { readonly chunk: Buffer; readonly letter: number }[] = [];
        const used = Buffer.alloc(room + 1);
        for (const [index, next] of steps.entries()) {
          if (next === 'release') {
            const oldest = kept.shift();
            if (oldest) memory.release(oldest.chunk);
          } else {
            const letter = index + 1;
            kept.push({ chunk: memory.keep(used.fill(letter).subarray(0, next)), letter });
          }
          for (const { chunk, letter: of } of kept) assert.ok(chunk.every((byte) => byte === of));
        }
      },
      0.1,
    );
  });

  it('uses the same memory again', () => {
    const memory = new QueueMemory(room);
    const places = Array.from({ length: 20 }, () => {
      const chunk = memory.keep(Buffer.alloc(room / 2));
      memory.release(chunk);
      return chunk.buffer;
    });
    assert.equal(new Set(places).size, 1);
  });
});
