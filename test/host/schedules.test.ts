/** A process with a schedule, and one that is run for saved files: what their rows say, and what starts and ends the waiting. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { linesIn } from '../support/declared.ts';
import { Editor } from '../support/editor.ts';
import { killAll } from '../support/mcpWindow.ts';
import { eventually } from '../support/run.ts';

const yearly = '0 0 1 1 *';
const processes = {
  rare: { command: 'echo run >> rare-runs', pty: false, schedule: yearly },
  fails: { command: 'exit 3', pty: false, schedule: yearly },
  format: { command: 'echo "$TREE_WARDEN_SAVED_FILE" >> saves', pty: false, runOnSave: 'src/**/*.txt' },
};

describe('a process with a schedule', () => {
  let editor: Editor;
  const lines = (name: string): string[] => linesIn(editor.workspace, name);
  before(async () => {
    editor = await Editor.ofProcesses(processes, (folder) => {
      mkdirSync(join(folder, 'src'));
      writeFileSync(join(folder, 'src/a.txt'), 'a');
    });
  });
  after(() => editor[Symbol.asyncDispose]());

  it('says in its row when it runs next, once it is started', async () => {
    await editor.warden('Start', 'rare');
    await editor.waitForRow('rare', /next on \d{4}-01-01 00:00/);
    assert.deepEqual(lines('rare-runs'), []);
    await editor.screenshot('waits for its time');
  });

  it('runs at once when it is started again, and waits on', async () => {
    await editor.warden('Start', 'rare');
    await eventually('it has run', () => lines('rare-runs').length === 1);
    await editor.waitForRow('rare', /next on \d{4}-01-01 00:00/);
  });

  it('whose run has failed says how, and when it runs next', async () => {
    await editor.warden('Start', 'fails');
    await editor.waitForRow('fails', /next on \d{4}/);
    await editor.warden('Start', 'fails');
    await editor.waitForRow('fails', /exited with code 3.*next on \d{4}-01-01 00:00/);
  });

  it('is not run for a save; one with runOnSave is, and knows the file', async () => {
    const saved = join(editor.workspace, 'src/a.txt');
    await editor.openFile('a.txt');
    await eventually('it is open', async () => /Ln 1, Col 1/.test(await editor.page.locator('.statusbar').innerText()));
    await editor.page.keyboard.type('x');
    await editor.command('File: Save');
    await eventually('it has run', () => lines('saves').includes(saved));
    assert.equal(lines('rare-runs').length, 1);
  });

  it('waits again under another warden where that of the window was killed', async () => {
    const [warden] = editor.wardenPids;
    killAll(editor.wardenPids);
    await eventually('there is a new one', () => editor.wardenPids.some((pid) => pid !== warden));
    await editor.waitForRow('rare', /next on \d{4}-01-01 00:00/);
    assert.equal(lines('rare-runs').length, 1);
    await editor.screenshot('waits again');
  });

  it('waits no more when it is stopped', async () => {
    await editor.warden('Stop', 'rare');
    await editor.waitForRow('rare', /^(?!.*next on)/);
  });
});
