/** The command line in a terminal of the editor, by its name. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

describe('a terminal of the editor', () => {
  let editor: Editor;
  before(async () => {
    editor = await Editor.ofProcesses({ api: { command: 'echo api is up; exec sleep 600' } });
    await editor.start('api');
    await eventually('it has printed', () => editor.run.call(['logs', 'api']).stdout.includes('api is up'));
  });
  after(() => editor[Symbol.asyncDispose]());

  it('has the command tree-warden, which finds what the window runs', async () => {
    await editor.command('Terminal: Create New Terminal');
    await editor.waitForTerminal(/[#$]\s*$/);
    const answer = join(editor.workspace, 'answer');
    await editor.typeIntoTerminal('tree-warden logs api > answer.new 2>&1; mv answer.new answer\n');
    await eventually('it has answered', () => existsSync(answer));
    assert.equal(readFileSync(answer, 'utf8').trim(), 'api is up');
    await editor.screenshot('cli in a terminal');
  });
});
