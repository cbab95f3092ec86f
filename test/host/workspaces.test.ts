/** Workspaces that are new, that start something by themselves, or that are not trusted. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseProcesses } from '../../src/config/parseProcesses.ts';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';
import { killIfThere } from '../support/survivors.ts';

describe('a workspace without processes.json', () => {
  it('is offered one, made from what is found', async () => {
    await using editor = await Editor.open({ workspace: null });
    writeFileSync(join(editor.workspace, 'package.json'), '{ "scripts": { "dev": "sleep 100", "test": "true" } }');
    writeFileSync(join(editor.workspace, 'Procfile'), 'worker: sleep 100\n');
    await editor.showProcesses();
    await editor.warden('Create processes.json…');
    await editor.entry('npm run dev', 'contains').waitFor();
    await editor.page.keyboard.press('Enter');
    const file = join(editor.workspace, '.vscode', 'processes.json');
    // A file is there before its content is.
    const text = await eventually('it is written', () => existsSync(file) && (readFileSync(file, 'utf8') || undefined));
    assert.deepEqual([...parseProcesses(text).specs.keys()].sort(), ['dev', 'worker']);
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
    await editor.press(/This workspace declares processes that start automatically: auto/, 'Always in This Workspace');
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
      settings: { 'treeWarden.onReload': 'keep', 'treeWarden.reloadGrace': 120 },
    });
    mkdirSync(join(editor.workspace, '.vscode'));
    const processes = { auto: { command: 'sleep 100', autoStart: true }, once: { command: 'echo started >> starts', autoStart: true } };
    writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ processes }));
    await editor.load();
    await editor.press(/This workspace declares processes that start automatically: auto, once/, 'Always in This Workspace');
    const starts = (): number =>
      existsSync(join(editor.workspace, 'starts')) ? readFileSync(join(editor.workspace, 'starts'), 'utf8').split('\n').length - 1 : 0;
    await eventually('both have been started', () => starts() === 1);
    const before = await eventually('the first of them runs', () => editor.run.ps().find(({ name }) => name === 'auto')?.leader.pid);
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
    // Where the window can still say goodbye, its warden would keep them for longer than this test has time.
    assert.equal(editor.run.call(['kill', '--all']).code, 0);
    for (const pid of editor.wardenPids) killIfThere(pid, 'SIGKILL');
  });
});

describe('a workspace that is not trusted', () => {
  it('has nothing looked for in it, and says why', async () => {
    await using editor = await Editor.open({
      workspace: null,
      trusted: false,
      settings: { 'security.workspace.trust.startupPrompt': 'never' },
    });
    writeFileSync(join(editor.workspace, 'Procfile'), 'worker: sleep 100\n');
    await editor.showProcesses();
    await editor.page.locator('.welcome-view-content').getByText('until you trust this workspace').waitFor();
    await editor.screenshot('welcome-untrusted');
    assert.deepEqual(await editor.rowTexts(), []);
    // A window without a folder, by the editor's own way to one.
    await editor.page.goto(`${new URL(editor.page.url()).origin}/?ew=true`);
    await editor.showProcesses();
    await editor.page.locator('.welcome-view-content').getByText('No folder is open').waitFor();
    await editor.screenshot('welcome-no-folder');
  });

  it('starts nothing, and says why', async () => {
    await using editor = await Editor.open({ trusted: false, settings: { 'security.workspace.trust.startupPrompt': 'never' } });
    await editor.showProcesses();
    await editor.waitForRow('web', /idle/);
    await editor.warden('Start', 'web');
    await editor.notification(/“web” was not started, because this workspace is not trusted/);
    assert.deepEqual(editor.wardenPids, []);
  });
});
