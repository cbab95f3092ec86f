/** What an agent is told of an output. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { outputOf, type WantedOutput } from '../../../src/agent/output.ts';
import type { WardenTree } from '../../../src/client/nameVerbs.ts';

/** What is said of a process that has printed this. */
async function read(text: string, wanted: WantedOutput = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tw-agent-'));
  try {
    const path = join(folder, 'it.log');
    writeFileSync(path, text);
    writeFileSync(`${path}.times`, '\n+\n= 0\n0 0\n');
    const end = Buffer.byteLength(text);
    const client = {
      outputLog: async () => ({ path, start: 0, keptFrom: end, end }),
      readOutput: () => assert.fail('all of it is in the file'),
    };
    return await outputOf({ client, tree: { id: 'tree' } } as unknown as WardenTree, wanted);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the output that an agent reads', () => {
  const cases: [string, string, WantedOutput, string][] = [
    ['has the last lines', 'a\nb\nc\n', { lines: 2 }, 'b\nc'],
    ['has no colours', '\u001b[31mred\u001b[0m\r\n', {}, 'red'],
    ['has the lines that match', 'a1\nb\na2\n', { pattern: 'a.' }, 'a1\na2'],
    ['has what a progress bar shows at last', 'get: 10%\rget: 50%\rget: 100%\ndone\n10%\r20%\r', {}, 'get: 100%\ndone\n20%'],
    ['has no more of a line than can be paid for', `${'x'.repeat(10_000)}\n`, {}, 'x'.repeat(2000)],
    ['is nothing since a moment after all of it', 'a\n', { since: '1s' }, ''],
  ];
  for (const [what, text, wanted, expected] of cases) it(what, async () => assert.equal(await read(text, wanted), expected));

  it('says what is wrong with what was asked', async () => {
    await assert.rejects(read('', { pattern: '(' }), /^Error: The pattern '\(' /);
    await assert.rejects(read('', { since: 'yesterday' }), /^Error: since: /);
  });

  it('is as many lines of a log of megabytes', async () => {
    const lines = Array.from({ length: 100_000 }, (_, number) => `line ${number} ${'x'.repeat(50)}`);
    assert.equal(await read(lines.join('\n'), { lines: 1000 }), lines.slice(-1000).join('\n'));
  });
});
