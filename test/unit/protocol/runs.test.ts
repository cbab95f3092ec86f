import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { TreeId } from '../../../src/protocol/identity.ts';
import { lineOfRun, maxLineBytes, type Run, runsIn } from '../../../src/protocol/runs.ts';
import { textOf } from '../../support/hostileText.ts';
import { holdsFor } from '../../support/property.ts';

const begun: Run = { tree: 'a' as TreeId, name: 'job', startedAt: 5 };
const ended: Run = {
  ...begun,
  endedAt: 9,
  state: 'succeeded',
  reason: 'exited with code 3',
  reasonData: { code: 'exitedWithCode', values: [3] },
  exit: { code: 3, signal: null },
  stopped: true,
  peakMemoryBytes: 2 ** 30,
  cpuMillis: 400,
  lastLines: ['one', 'two'],
};
const written = (value: unknown): string => `${JSON.stringify(value)}\n`;

describe('the lines of runs', () => {
  const cases: [string, string, readonly Run[]][] = [
    ['nothing', '', []],
    ['a beginning', lineOfRun(begun), [begun]],
    ['a beginning and an end', lineOfRun(begun) + lineOfRun(ended), [ended]],
    ['an end alone', lineOfRun(ended), [ended]],
    ['a beginning again, by a warden that has taken it over', lineOfRun(begun) + lineOfRun(ended) + lineOfRun(begun), [ended]],
    ['a torn last line', lineOfRun(begun) + lineOfRun(ended).slice(0, -20), [begun]],
    [
      'a torn line before others',
      lineOfRun(begun).slice(0, -9) + lineOfRun({ ...ended, tree: 'b' as TreeId }),
      [{ ...ended, tree: 'b' as TreeId }],
    ],
    ['no JSON', `\0\0\0\n[1]\nnull\n7\n${lineOfRun(begun)}`, [begun]],
    ['another kind of value', written({ tree: 1, name: 'job', startedAt: 5 }) + written({ ...begun, startedAt: 'now' }), []],
    [
      'times that are none',
      written({ ...begun, startedAt: 1e300 }) + written({ ...begun, tree: 'b', endedAt: 1e17 }),
      [{ ...begun, tree: 'b' as TreeId }],
    ],
    ['fields of a newer version', written({ ...ended, cost: { cents: 3 }, format: 9 }), [ended]],
    ['a state of a newer version', written({ ...ended, state: 'skipped' }), [{ ...ended, state: 'skipped' }]],
    [
      'known fields that have become other ones',
      written({ ...begun, exit: 3, lastLines: 'one', stopped: 'yes', peakMemoryBytes: -1, cpuMillis: '4', reason: [], endedAt: 9 }),
      [{ ...begun, endedAt: 9 }],
    ],
    ['last lines of which some are none', written({ ...begun, lastLines: ['one', 2, null] }), [{ ...begun, lastLines: ['one'] }]],
  ];
  for (const [what, text, runs] of cases) it(`are read: ${what}`, () => assert.deepEqual(runsIn(text), runs));

  it('are bounded, whatever was printed, and say at least how the run has ended', async () => {
    const texts = fc.string({ unit: 'binary', maxLength: 5000 });
    await holdsFor(
      fc.record({ name: texts, reason: texts, lastLines: fc.array(texts, { maxLength: 12 }), code: fc.nat(255) }),
      ({ name, reason, lastLines, code }) => {
        const line = lineOfRun({ ...ended, name, reason, lastLines, exit: { code, signal: null } });
        assert.ok(Buffer.byteLength(line) <= maxLineBytes, `${Buffer.byteLength(line)} bytes`);
        const [run] = runsIn(line);
        assert.deepEqual([run?.tree, run?.endedAt, run?.state, run?.exit?.code], ['a', 9, 'succeeded', code]);
        // Of the lines, the oldest ones are left out.
        const kept = run?.lastLines ?? [];
        assert.deepEqual(
          kept,
          lastLines.slice(lastLines.length - kept.length).map((one) => JSON.parse(JSON.stringify(one)) as string),
        );
      },
    );
  });

  it('are read whatever stands there', async () => {
    await holdsFor(textOf(['{', '}', '\n', '"tree":', '"a"', ',', '1', JSON.stringify(begun)]), (text) => {
      assert.ok(Array.isArray(runsIn(text)));
      const runs = runsIn(`${text}${lineOfRun(ended)}`);
      assert.deepEqual(runs.find(({ tree }) => tree === 'a')?.state, 'succeeded');
    });
  });
});
