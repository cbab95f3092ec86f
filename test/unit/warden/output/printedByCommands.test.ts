import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { TreeOutput } from '../../../../src/warden/output/treeOutput.ts';

it('what a command prints is in the file of the tree in its order', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-print-'));
  try {
    const path = join(folder, 'it.log');
    const output = new TreeOutput(path);
    const lines = Array.from({ length: 500 }, (_, line) => `${line}\n`);
    await Promise.all(lines.map(async (line) => await output.print(Buffer.from(line))));
    assert.equal(readFileSync(path, 'utf8'), lines.join(''));
    output.finish();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
