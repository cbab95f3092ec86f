/** What ps says of a start, from look to look. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ProcessStat } from '../../../src/platform/platform.ts';
import { SteadyStarts } from '../../../src/platform/portable/steadyStarts.ts';

it('a process stays the same where ps tells its start a second earlier or later, and is another one where that differs by more, or it was gone', () => {
  const starts = new SteadyStarts();
  const look = (...listed: [pid: number, startTime: number][]): number[] =>
    starts.of(listed.map(([pid, startTime]) => ({ pid, startTime }) as ProcessStat)).map(({ startTime }) => startTime);
  assert.deepEqual(look([1, 5000], [2, 9000]), [5000, 9000]);
  assert.deepEqual(look([1, 6000], [2, 8000]), [5000, 9000]);
  // It does not drift away.
  assert.deepEqual(look([1, 4000], [2, 9000]), [5000, 9000]);
  assert.deepEqual(look([1, 7000]), [7000]);
  assert.deepEqual(look([1, 7000], [2, 9500]), [7000, 9500]);
});
