/** Tasks of type `warden`, and workspaces that are new or not trusted. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseProcesses } from '../../src/config/parseProcesses.ts';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

describe('a warden task', () => {
  let editor: Editor;
  before(async () => {
    editor = await Editor.open();
    await editor.showProcesses();
    // The list of tasks is made once, when it is opened: not before the extension is there.
    await editor.waitForRow('web', /idle/);
    // Asked for a task before it has its terminals, VS Code does nothing, and says nothing (`_tasksReconnected` in its task service).
    await eventually('tasks can be run', async () => {
      await editor.command('Tasks: Run Task');
      return await editor.appears(editor.entry('serve'), 5000);
    });
    await editor.page.keyboard.press('Escape');
    await editor.quickPickGone();
  });
  after(() => editor[Symbol.asyncDispose]());

  async function runTask(name: string): Promise<void> {
    await editor.command('Tasks: Run Task');
    await editor.pick(name);
  }

  it('runs a declared process, and shows in the view', async () => {
    await runTask('serve');
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

  it('kills daemons of a command of its own when its terminal is closed', async () => {
    await runTask('nap');
    await editor.waitForTerminal(/napping/);
    await editor.waitForRow('nap', /, live/);
    assert.ok(editor.workers.length >= 2);
    await editor.command('Terminal: Kill the Active Terminal Instance');
    await eventually('no process is left', () => editor.workers.length === 0);
  });

  it('ends with the exit code of its tree', async () => {
    await runTask('seven');
    await editor.waitForTerminal(/I end with seven/);
    await editor.waitForTerminal(/exit(ed)?( with)?( code)?:? ?(code)?:? ?7|terminated with exit code: 7/i);
    await editor.waitForRow('seven', /, ended, exited with code 7/);
  });

  it('comes after the task that it depends on, be it over or in the background, and what it prints is matched', async () => {
    await runTask('check');
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
    await runTask('nap');
    await editor.waitForTerminal(/napping/);
    await editor.waitForRow('nap', /, live/);
    for (const pid of editor.wardenPids) process.kill(pid, 'SIGKILL');
    await editor.waitForTerminal(/exit(ed)?( with)?( code)?:? ?(code)?:? ?1|terminated with exit code: 1/i);
    await eventually('no process is left', () => editor.workers.length === 0);
  });
});

describe('a workspace without processes.json', () => {
  it('is offered one, made from what is found', async () => {
    await using editor = await Editor.open({ workspace: null });
    writeFileSync(join(editor.workspace, 'package.json'), '{ "scripts": { "dev": "sleep 100", "test": "true" } }');
    writeFileSync(join(editor.workspace, 'Procfile'), 'worker: sleep 100\n');
    await editor.showProcesses();
    await editor.page.locator('.welcome-view-content .monaco-button').filter({ hasText: 'Create processes.json' }).click();
    await editor.entry('npm run dev', 'contains').waitFor();
    await editor.page.keyboard.press('Enter');
    const file = join(editor.workspace, '.vscode', 'processes.json');
    await eventually('it is written', () => existsSync(file));
    assert.deepEqual([...parseProcesses(readFileSync(file, 'utf8')).specs.keys()].sort(), ['dev', 'worker']);
    await editor.waitForRow('worker', /idle/);
  });
});

describe('autoStart', () => {
  it('asks once, and starts', async () => {
    await using editor = await Editor.open({ workspace: null });
    mkdirSync(join(editor.workspace, '.vscode'));
    writeFileSync(
      join(editor.workspace, '.vscode', 'processes.json'),
      '{ "processes": { "auto": { "command": "sleep 100", "autoStart": true } } }',
    );
    await editor.load();
    await editor.notification(/This workspace declares processes that start automatically: auto/);
    await editor.page.locator('.notifications-toasts .monaco-button').filter({ hasText: 'Always in This Workspace' }).click();
    await editor.showProcesses();
    await editor.waitForRow('auto', /, live/);
    await editor.reloadWindow();
    await editor.showProcesses();
    await editor.waitForRow('auto', /, live/);
  });
});

describe('autoStart where a reload keeps what runs', () => {
  it('leaves it as it is, and starts the others', async () => {
    await using editor = await Editor.open({
      workspace: null,
      settings: { 'tree-warden.onReload': 'keep', 'tree-warden.reloadGrace': 120 },
    });
    mkdirSync(join(editor.workspace, '.vscode'));
    const processes = { auto: { command: 'sleep 100', autoStart: true }, once: { command: 'echo started >> starts', autoStart: true } };
    writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ processes }));
    await editor.load();
    await editor.notification(/This workspace declares processes that start automatically: auto, once/);
    await editor.page.locator('.notifications-toasts .monaco-button').filter({ hasText: 'Always in This Workspace' }).click();
    const starts = (): number =>
      existsSync(join(editor.workspace, 'starts')) ? readFileSync(join(editor.workspace, 'starts'), 'utf8').split('\n').length - 1 : 0;
    await eventually('both have been started', () => starts() === 1);
    const before = editor.run.ps().find(({ name }) => name === 'auto')?.leader.pid;
    await editor.reloadWindow();
    // It comes behind the one that runs already.
    await eventually('the one that had ended is started again', () => starts() === 2);
    assert.equal(editor.run.ps().find(({ name }) => name === 'auto')?.leader.pid, before);
    assert.equal(
      await editor.page
        .locator('.notifications-toasts')
        .filter({ hasText: /already running/ })
        .count(),
      0,
    );
  });
});

describe('a workspace that is not trusted', () => {
  it('starts nothing, and says why', async () => {
    await using editor = await Editor.open({ trusted: false, settings: { 'security.workspace.trust.startupPrompt': 'never' } });
    await editor.showProcesses();
    await editor.waitForRow('web', /idle/);
    await editor.warden('Start', 'web');
    await editor.notification(/“web” was not started, because this workspace is not trusted/);
    assert.deepEqual(editor.wardenPids, []);
  });
});
