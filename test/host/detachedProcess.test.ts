/** A process that survives its window, in a real VS Code. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';

describe('a detached process', () => {
  let editor: Editor;
  before(async () => {
    editor = await Editor.open();
  });
  after(() => editor[Symbol.asyncDispose]());

  it('survives its window, is found again, is shown as such, and ends by one command', async () => {
    const file = join(editor.workspace, '.vscode', 'processes.json');
    const declared = '"forever": { "command": "while :; do date; sleep 1; done", "lifetime": "detached" },';
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(/"processes"\s*:\s*\{/, (opening) => `${opening}\n${declared}`),
    );
    await editor.showProcesses();
    await editor.waitForRow('forever', /idle/);
    await editor.start('forever');
    await editor.waitForRow('forever', /, live, .*detached/);
    const workers = await eventually('it has begun', () => (editor.workers.length >= 2 ? editor.workers : undefined));
    await editor.reloadWindow();
    await editor.showProcesses();
    await editor.waitForRow('forever', /, live, .*detached/);
    assert.ok(workers.filter(isAlive).length > 0, 'it has survived');
    await editor.screenshot('detached');
    await editor.page.close();
    await eventually('the window is gone', () => editor.extensionHostPids.length === 0, 30_000);
    const [tree] = editor.run.ps();
    assert.equal(tree?.name, 'forever');
    assert.equal(editor.run.call(['kill', 'forever']).stdout, 'forever: stopped\n');
    await eventually('no process is left', () => editor.workers.length === 0);
  });
});
