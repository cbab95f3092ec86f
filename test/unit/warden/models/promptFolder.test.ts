import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ServedModel } from '../../../../src/protocol/models.ts';
import { makePromptFolder } from '../../../../src/warden/models/promptFolder.ts';

describe('the folder of the prompts of a model', () => {
  const state = mkdtempSync(join(tmpdir(), 'tw-state-'));
  after(() => rmSync(state, { recursive: true }));
  const file = join(state, 'small.gguf');
  writeFileSync(file, 'GGUF');
  const folderOf = async (argv: readonly string[] = ['serve'], prompts: ServedModel['prompts'] = { file, option: '--save' }) =>
    (await makePromptFolder({ name: 'small', start: { argv }, ...(prompts && { prompts }) } as ServedModel, state)) ?? '';

  it('is the same for the same file and command, for this user only', async () => {
    const folder = await folderOf();
    assert.deepEqual([await folderOf(), dirname(folder)], [folder, join(state, 'prompts')]);
    assert.match(basename(folder), /^[0-9a-f]{32}$/);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  });

  it('is another one for another command, or where the file is another one by now', async () => {
    const folders = [await folderOf(), await folderOf(['serve', '--ctx-size', '4096'])];
    utimesSync(file, new Date(1000), new Date(1000));
    folders.push(await folderOf());
    assert.equal(new Set(folders).size, 3);
  });

  it('is none where the model saves none', async () =>
    assert.equal(await makePromptFolder({ name: 'x', start: {} } as ServedModel, state), undefined));

  it('is as young as its last server, although nothing is in it', async () => {
    const folder = await folderOf();
    utimesSync(folder, new Date(1000), new Date(1000));
    await folderOf();
    assert.ok(statSync(folder).mtimeMs > 1000);
  });

  it('is an error that says what to do where there can be none', () =>
    assert.rejects(folderOf(['serve'], { file: join(state, 'none.gguf'), option: '--save' }), {
      message: /^'small' has no place for its prompts below .*prompts: .*ENOENT.*\. Declare it without "onSwap", or make room there\.$/,
    }));
});
