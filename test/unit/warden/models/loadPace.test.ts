import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LoadPace, longestDownloadMillis } from '../../../../src/warden/models/loadPace.ts';

const mib = 2 ** 20;
const minute = 60_000;

/** What it says after looks at these times, of a tree that had written so much by then. */
function after(
  pace: LoadPace,
  written: readonly (readonly [at: number, bytes: number])[],
): { excused: number; downloaded: number | undefined } {
  for (const [at, writtenBytes] of written) pace.add({ at, readBytes: 0, writtenBytes });
  return { excused: pace.excusedMillis, downloaded: pace.downloadedBytes };
}

describe('the time of a load', () => {
  const cases: [string, readonly (readonly [number, number])[], { excused: number; downloaded: number | undefined }][] = [
    [
      'counts while nothing is written',
      [
        [minute, 0],
        [2 * minute, 0],
      ],
      { excused: 0, downloaded: undefined },
    ],
    [
      'counts while a log is written',
      [
        [minute, 50_000],
        [2 * minute, 100_000],
      ],
      { excused: 0, downloaded: undefined },
    ],
    [
      'does not count from the first look on at which much was written',
      [
        [1000, 9 * mib],
        [2000, 20 * mib],
      ],
      { excused: 2000, downloaded: 20 * mib },
    ],
    [
      'does not count between two blocks of a slow download',
      [
        [1000, 10 * mib],
        [30_000, 10 * mib],
        [60_000, 10 * mib],
        [61_000, 20 * mib],
      ],
      { excused: 61_000, downloaded: 20 * mib },
    ],
    [
      'counts again a minute after the last of a download',
      [
        [1000, 10 * mib],
        [50_000, 10 * mib],
        [110_000, 10 * mib],
        [111_000, 10 * mib],
        [300_000, 10 * mib],
      ],
      { excused: 50_000, downloaded: undefined },
    ],
    [
      'counts where looks are rarer than the window, and nothing was written between two',
      [
        [1000, 10 * mib],
        [500_000, 10 * mib],
      ],
      { excused: 1000, downloaded: undefined },
    ],
    [
      'does not count where looks are rare, and much was written between two',
      [
        [1000, 0],
        [500_000, 10 * mib],
      ],
      { excused: 499_000, downloaded: 10 * mib },
    ],
  ];
  for (const [what, written, expected] of cases) it(what, () => assert.deepEqual(after(new LoadPace(0, 10 * minute), written), expected));

  it('that may only take seconds counts again after as many seconds', () => {
    const { excused } = after(new LoadPace(0, 5000), [
      [1000, 10 * mib],
      [5000, 10 * mib],
      [7000, 10 * mib],
      [9000, 10 * mib],
    ]);
    assert.equal(excused, 5000);
  });

  it('counts after a day of downloads', () => {
    const pace = new LoadPace(0, 10 * minute);
    const looks = Array.from({ length: 30 * 60 }, (_, index) => [(index + 1) * minute, (index + 1) * 10 * mib] as const);
    assert.equal(after(pace, looks).excused, longestDownloadMillis);
  });
});

describe('how much of a file was read', () => {
  const cases: [string, number | undefined, number, number | undefined][] = [
    ['is not known without its size', undefined, 500, undefined],
    ['is nothing to speak of at first', 1000, 9, undefined],
    ['is a whole percentage', 1000, 508, 50],
    ['is never all of it', 1000, 1500, 99],
  ];
  for (const [what, size, readBytes, expected] of cases)
    it(what, () => {
      const pace = new LoadPace(0, minute, size);
      pace.add({ at: 1, readBytes, writtenBytes: 0 });
      assert.equal(pace.percent, expected);
    });
});
