/** Tasks of type `warden`. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { killAll } from '../support/mcpWindow.ts';
import { eventually } from '../support/run.ts';

/** A task that waits for a process to be ready. */
function addTasks(workspace: string): void {
  const file = join(workspace, '.vscode', 'tasks.json');
  const serving = { label: 'serving', type: 'warden', process: 'web', isBackground: true, problemMatcher: '$tree-warden' };
  const after = { label: 'after', type: 'warden', command: 'echo done > after', dependsOn: 'serving', problemMatcher: [] };
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('"tasks": [', `"tasks": [${JSON.stringify(serving)}, ${JSON.stringify(after)},`));
}

describe('a warden task', () => {
  let editor: Editor;
  before(async () => {
    editor = await Editor.open({ prepare: addTasks });
    await editor.showProcesses();
    // The list of tasks is made once, when it is opened: not before the extension is there.
    await editor.waitForRow('web', /idle/);
  });
  after(() => editor[Symbol.asyncDispose]());

  it('runs a declared process, and shows in the view', async () => {
    await editor.runTask('serve');
    await editor.waitForTerminal(/listens on http/);
    await editor.waitForRow('web', /, live/);
  });

  it('goes on with the new tree when its process is restarted in the view', async () => {
    const leader = (): number | undefined => editor.run.ps().find(({ name, state }) => name === 'web' && state === 'ready')?.leader.pid;
    const before = await eventually('it is ready', leader);
    await editor.warden('Restart', 'web');
    await eventually('it has another leader', () => ![undefined, before].includes(leader()));
    await editor.waitForRow('web', /, live/);
  });

  // The same one, with its second tree.
  it('kills its tree when it is terminated', async () => {
    await editor.command('Tasks: Terminate Task');
    await eventually('the choice, or the end', async () => {
      if (editor.workers.length === 0) return true;
      const entry = editor.entry('serve');
      // The list is there only where more than one task runs, and for a moment otherwise.
      if (await entry.isVisible()) await entry.click({ timeout: 1000 }).catch(() => undefined);
      return false;
    });
    await editor.waitForRow('web', /, ended, the task was terminated/);
  });

  it('follows a process that runs already, and leaves it running', async () => {
    await editor.start('web');
    const leader = (): number | undefined => editor.run.ps().find(({ name }) => name === 'web')?.leader.pid;
    const before = leader();
    await editor.runTask('serve');
    await editor.waitForTerminal(/web was running already\. The task follows it/);
    await editor.waitForTerminal(/listens on http/);
    await editor.screenshot('task-joined');
    await editor.command('Terminal: Kill the Active Terminal Instance');
    await eventually('it is said', async () => /“web” runs on/.test(await editor.page.locator('.statusbar').innerText()));
    await editor.waitForRow('web', /, live/);
    assert.equal(leader(), before);
  });

  it('is what others can depend on while its process runs already', async () => {
    await editor.runTask('after');
    await eventually('it has come to its turn', () => existsSync(join(editor.workspace, 'after')));
    await editor.warden('Stop', 'web');
    await editor.waitForRow('web', /, ended, stopped by the user/);
  });

  it('kills daemons of a command of its own when its terminal is closed', async () => {
    await editor.runTask('nap');
    await editor.waitForTerminal(/napping/);
    await editor.waitForRow('nap', /, live/);
    await eventually('its daemon is there', () => editor.workers.length >= 2);
    await editor.command('Terminal: Kill the Active Terminal Instance');
    await eventually('no process is left', () => editor.workers.length === 0);
  });

  it('ends with the exit code of its tree', async () => {
    await editor.runTask('seven');
    await editor.waitForTerminal(/I end with seven/);
    await editor.waitForTerminal(/exit(ed)?( with)?( code)?:? ?(code)?:? ?7|terminated with exit code: 7/i);
    await editor.waitForRow('seven', /, ended, exited with code 7/);
  });

  it('comes after the task that it depends on, be it over or in the background, and what it prints is matched', async () => {
    await editor.runTask('check');
    await editor.waitForRow('check', /, ended, exited with code 1/);
    await editor.waitForRow('watch', /, live/);
    // Terminals that open would take the panel away.
    await editor.waitForTerminal(/the second line is wrong/);
    await editor.command('Problems: Focus on Problems View');
    const problems = editor.page.locator('.markers-panel .monaco-list-row');
    await problems.filter({ hasText: 'the second line is wrong' }).waitFor({ timeout: 30_000 });
    assert.deepEqual(readFileSync(join(editor.workspace, 'order'), 'utf8').trim().split('\n'), ['prepared', 'watching', 'checked']);
    await editor.screenshot('problems');
  });

  it('ends when its warden is killed', async () => {
    await editor.runTask('nap');
    await editor.waitForTerminal(/napping/);
    await editor.waitForRow('nap', /, live/);
    killAll(editor.wardenPids);
    await editor.waitForTerminal(/exit(ed)?( with)?( code)?:? ?(code)?:? ?1|terminated with exit code: 1/i);
    await eventually('no process is left', () => editor.workers.length === 0);
  });
});
