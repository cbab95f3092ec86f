import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { most, savedSlots, superfluous, tidy } from '../../../../src/gateway/prompts/promptFiles.ts';

const day = 24 * 3_600_000;

describe('files of prompts', () => {
  const cases: [string, readonly [path: string, bytes: number, daysAgo: number][], readonly string[]][] = [
    [
      'stay where they are young and small',
      [
        ['a', 1000, 0],
        ['b', 1000, 6],
      ],
      [],
    ],
    [
      'go after a week',
      [
        ['a', 1, 6.9],
        ['b', 1, 7.1],
      ],
      ['b'],
    ],
    [
      'go, the oldest first, where they are too many bytes',
      [
        ['old', 10, 3],
        ['new', most.bytes - 5, 1],
        ['newest', 5, 0],
      ],
      ['old'],
    ],
    ['go where one is too many bytes by itself', [['a', most.bytes + 1, 0]], ['a']],
  ];
  for (const [what, files, expected] of cases)
    it(what, () => {
      const now = 100 * day;
      const gone = superfluous(
        files.map(([path, bytes, ago]) => ({ path, bytes, at: now - ago * day })),
        now,
      );
      assert.deepEqual(
        gone.map(({ path }) => path),
        expected,
      );
    });

  it('are removed beside those of other programs, which stay', async () => {
    const root = mkdtempSync(join(tmpdir(), 'tw-prompts-'));
    after(() => rmSync(root, { recursive: true }));
    const [own, other, foreign] = ['a'.repeat(32), 'b'.repeat(32), 'notes'].map((name) => join(root, name)) as [string, string, string];
    for (const folder of [own, other, foreign]) mkdirSync(folder);
    const files = [join(own, '1-0.bin'), join(own, '12-3.bin'), join(other, '1-0.bin'), join(own, 'kept.bin'), join(foreign, '1-0.bin')];
    for (const file of files) writeFileSync(file, 'x');
    for (const file of files.slice(1)) utimesSync(file, new Date(0), new Date(0));
    assert.deepEqual([await savedSlots(own, 1), await savedSlots(own, 12), await savedSlots(join(root, 'none'), 1)], [[0], [3], []]);
    const now = Date.now();
    await tidy(own, now);
    assert.deepEqual([readdirSync(own).sort(), readdirSync(other), readdirSync(foreign)], [['1-0.bin', 'kept.bin'], [], ['1-0.bin']]);
    await tidy(own, now + 6 * day);
    assert.ok(existsSync(other), 'a server that runs may be about to write there');
    await tidy(own, now + 8 * day);
    assert.deepEqual([existsSync(own), existsSync(other), existsSync(foreign)], [true, false, true]);
  });
});
