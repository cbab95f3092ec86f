import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LoopGuard, loopLength } from '../../../src/fileWatch/loopGuard.ts';

/** What is found at each of these times, one of the files after the other. */
function found(times: readonly number[], filesAt: (index: number) => readonly string[] = () => ['src/gen.ts']): (string | undefined)[] {
  const guard = new LoopGuard();
  return times.map((at, index) => guard.acted(at, filesAt(index)));
}

const every = (millis: number, count: number): number[] => Array.from({ length: count }, (_, index) => index * millis);

describe('a process that changes what restarts it', () => {
  it('is found at the tenth time, by the file that was changed each time', () => {
    const files = (index: number): string[] => [`src/${index}.ts`, 'src/gen.ts'];
    assert.deepEqual(found(every(600, loopLength), files), [...Array(loopLength - 1).fill(undefined), 'src/gen.ts']);
  });

  it('is found where it is slow, and not quite regular', () => {
    assert.equal(found([0, 9000, 18_500, 27_000, 36_200, 45_900, 54_600, 64_000, 73_100, 82_000]).at(-1), 'src/gen.ts');
  });

  const innocent: readonly (readonly [string, (string | undefined)[]])[] = [
    ['nine times in a row', found(every(600, 9))],
    ['other files each time', found(every(600, 40), (index) => [`src/${index}.ts`])],
    [
      'a person who saves at uneven intervals',
      found([0, 1500, 4700, 6100, 11_000, 12_300, 17_900, 19_500, 24_000, 25_100, 31_000, 33_000]),
    ],
    ['what is changed every minute', found(every(60_000, 40))],
  ];
  for (const [what, findings] of innocent)
    it(`is not ${what}`, () =>
      assert.ok(
        findings.every((one) => one === undefined),
        JSON.stringify(findings),
      ));
});
