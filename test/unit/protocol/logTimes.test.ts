/** When what was printed: as a warden writes it, and as it is read. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { logTimesIn, timeAt } from '../../../src/protocol/logTimes.ts';

describe('the times of a log', () => {
  const cases: [string, string, [number, number][]][] = [
    [
      'of one file',
      '\n+\n= 0\n0 100\n5 200\n',
      [
        [0, 100],
        [5, 200],
      ],
    ],
    [
      'of a file and one that was set aside',
      '\n+\n= 0\n0 100\n5 200\n= 7\n9 300\n',
      [
        [-7, 100],
        [-2, 200],
        [2, 300],
      ],
    ],
    [
      'of another warden, that counts anew from where the file had 10 bytes',
      '\n+\n= 0\n0 100\n5 200\n\n+\n= -10\n3 300\n',
      [
        [0, 100],
        [5, 200],
        [13, 300],
      ],
    ],
    [
      'of another warden, which reads again what is known',
      '\n+\n= 0\n0 100\n5 200\n\n+\n= -2\n0 300\n4 400\n',
      [
        [0, 100],
        [5, 200],
        [6, 400],
      ],
    ],
    [
      'of another warden after a file was set aside',
      '\n+\n= 0\n0 100\n= 4\n6 200\n\n+\n= -5\n1 300\n= 2\n3 400\n',
      [
        [-11, 100],
        [-5, 200],
        [-1, 300],
        [1, 400],
      ],
    ],
    [
      'without torn lines',
      '+\n= 0\n0 100\n5 2',
      [
        [0, 100],
        [5, 2],
      ],
    ],
    [
      'without what is none',
      '+\n= 0\n0 100\nx y\n-\n5 200 7\n999999999999999999999 5\n5 200\n',
      [
        [0, 100],
        [5, 200],
      ],
    ],
    [
      'without what goes back',
      '+\n= 0\n0 100\n50 200\n5 300\n60 400\n',
      [
        [0, 100],
        [50, 200],
        [60, 400],
      ],
    ],
    ['of the newer half alone, whose first line says where it counts from', '= 40\n45 100\n', [[5, 100]]],
    ['of nothing', '', []],
  ];
  for (const [what, text, expected] of cases)
    it(what, () =>
      assert.deepEqual(
        logTimesIn(text).map(({ offset, at }) => [offset, at]),
        expected,
      ),
    );

  it('are those of what comes before, up to the next', () => {
    const times = logTimesIn('+\n= 0\n2 100\n5 200\n');
    assert.deepEqual(
      [0, 1, 2, 4, 5, 99].map((offset) => timeAt(times, offset)),
      [undefined, undefined, 100, 100, 200, 200],
    );
    assert.equal(timeAt([], 3), undefined);
  });
});
