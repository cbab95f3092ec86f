import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FirstFigures } from '../../../src/warden/firstFigures.ts';
import { holdsFor } from '../../support/property.ts';

/** Times at which figures are read, where a look is taken every ten milliseconds. */
function readings(starts: readonly number[], until: number): number[] {
  const figures = new FirstFigures();
  const read: number[] = [];
  for (let now = 0; now <= until; now++) {
    for (const start of starts) if (start === now) figures.started(now);
    if (now % 10 === 0 && figures.take(now)) read.push(now);
  }
  return read;
}

describe('the first figures of new trees', () => {
  for (const [starts, expected] of [
    [[], []],
    [[0], [50]],
    [[0, 0, 0], [50]],
    [[0, 40], [90]],
    [
      [0, 60],
      [50, 110],
    ],
    // They do not wait for the end of what goes on.
    [Array.from({ length: 40 }, (_, index) => index * 10), [250, 440]],
  ] as const)
    it(`of ${starts.length} that start from ${starts[0]} to ${starts.at(-1)} are read at ${expected.join(', ')}`, () =>
      assert.deepEqual(readings(starts, 1000), expected));

  it('of each tree are read 50 to 260 ms after its start', async () => {
    await holdsFor(fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 60 }), async (starts) => {
      const read = readings(starts, 1000);
      for (const start of starts) assert.ok(read.some((at) => at > start && at <= start + 260));
      for (const at of read) assert.ok(starts.some((start) => start + 50 <= at));
    });
  });
});
