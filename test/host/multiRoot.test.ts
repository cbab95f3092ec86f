/** A window with two folders that declare the same names. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';

const workspaceFile = 'both.code-workspace';
const server = 'require("http").createServer((_, answer) => answer.end()).listen(process.argv[1], "127.0.0.1")';
const web = { command: ['node', '-e', server, '${port:web}'] };

describe('two folders with the same names', () => {
  let editor: Editor;
  const folders = ['backend', 'docs', 'frontend'];
  /** The folders in which something runs. */
  const running = (): string[] => folders.filter((folder) => editor.workersIn(folder).length > 0);
  const pidIn = (folder: string): number | undefined => editor.workersIn(folder)[0];
  const setFolders = (...folders: string[]): void =>
    writeFileSync(join(editor.workspace, workspaceFile), JSON.stringify({ folders: folders.map((path) => ({ path })) }));
  before(async () => {
    editor = await Editor.open({
      workspace: null,
      open: workspaceFile,
      prepare: (workspace) => {
        for (const [folder, processes] of Object.entries({
          frontend: { web },
          backend: { web, db: { command: 'sleep 1000' } },
          docs: { web },
        })) {
          mkdirSync(join(workspace, folder, '.vscode'), { recursive: true });
          writeFileSync(join(workspace, folder, '.vscode', 'processes.json'), JSON.stringify({ processes }));
        }
        const tasks = [{ label: 'serve the backend', type: 'warden', process: 'web', problemMatcher: [] }];
        writeFileSync(join(workspace, 'backend', '.vscode', 'tasks.json'), JSON.stringify({ version: '2.0.0', tasks }));
        writeFileSync(join(workspace, workspaceFile), JSON.stringify({ folders: [{ path: 'frontend' }, { path: 'backend' }] }));
      },
    });
    await editor.showProcesses();
    await editor.waitForRow('backend/web', /idle/);
  });
  after(() => editor[Symbol.asyncDispose]());

  it('has a row for each, which tells its folder', async () => {
    assert.deepEqual(
      (await editor.rowTexts()).map((text) => text.split(',').slice(0, 2).join(',')),
      ['frontend/web, idle', 'backend/web, idle', 'db, idle'],
    );
    await editor.screenshot('multi-root-idle');
  });

  it('starts each by itself, in its folder and on a port of its own', async () => {
    await editor.start('backend/web');
    await editor.waitForRow('backend/web', /, live, .*:\d+$/);
    assert.deepEqual(running(), ['backend']);
    await editor.start('frontend/web');
    const [one, other] = await Promise.all(
      ['frontend/web', 'backend/web'].map(async (name) => (await editor.waitForRow(name, /, live, .*:\d+$/)).match(/:(\d+)$/)?.[1]),
    );
    assert.notEqual(one, other);
    assert.deepEqual(running(), ['backend', 'frontend']);
    await editor.screenshot('multi-root-live');
  });

  it('can be told apart on a command line', async () => {
    assert.deepEqual(
      editor.run
        .ps()
        .map(({ name }) => name)
        .sort(),
      ['backend/web', 'frontend/web'],
    );
    const { code, stderr } = editor.run.call(['kill', 'web']);
    assert.notEqual(code, 0);
    assert.match(stderr, /web/);
    assert.equal(editor.run.call(['kill', 'backend/web']).code, 0);
    assert.deepEqual(running(), ['frontend']);
    await editor.waitForRow('backend/web', /ended/);
  });

  it('is what a task of its folder means', async () => {
    await editor.runTask('serve the backend', 'contains');
    await editor.waitForRow('backend/web', /, live, .*:\d+$/);
    assert.deepEqual(running(), ['backend', 'frontend']);
    await editor.warden('Stop', 'backend/web');
    await editor.waitForRow('backend/web', /ended/);
  });

  it('goes on under its name when its folder is removed, as no longer declared', async () => {
    await editor.start('backend/web');
    const pids = ['frontend', 'backend'].map(pidIn);
    setFolders('frontend');
    await editor.waitForRow('backend/web', /, live, .*no longer declared/);
    await editor.waitForRow('frontend/web', /, live, (?!.*declared)/);
    await eventually(
      'nothing of its folder is listed beside it',
      async () => !(await editor.rowTexts()).some((text) => text.startsWith('db,')),
    );
    assert.deepEqual(['frontend', 'backend'].map(pidIn), pids);
    await editor.screenshot('multi-root-removed');
    await editor.warden('Restart', 'frontend/web');
    await eventually('it has been restarted', () => pidIn('frontend') !== undefined && pidIn('frontend') !== pids[0]);
    assert.equal(pidIn('backend'), pids[1]);
  });

  it('is declared again when the folder is added again', async () => {
    const backend = pidIn('backend');
    setFolders('frontend', 'backend', 'docs');
    await editor.waitForRow('docs/web', /idle/);
    await editor.waitForRow('backend/web', /, live, (?!.*declared)(?!.*changed)/);
    assert.equal(pidIn('backend'), backend);
    await editor.warden('Stop', 'backend/web');
    await editor.waitForRow('backend/web', /ended/);
    assert.deepEqual(running(), ['frontend']);
    await editor.start('docs/web');
    await eventually('it runs', () => running().join() === 'docs,frontend');
  });

  it('keeps the name that it runs under when another folder declares the same', async () => {
    await editor.warden('Stop All');
    await eventually('nothing runs', () => running().length === 0);
    setFolders('frontend');
    await editor.waitForRow('web', /idle/);
    await editor.start('web');
    const frontend = pidIn('frontend');
    setFolders('frontend', 'backend');
    await editor.waitForRow('db', /idle/);
    await editor.waitForRow('web', /, live, (?!.*declared)(?!.*changed)/);
    assert.equal(pidIn('frontend'), frontend);
    await editor.screenshot('multi-root-added');
    await editor.start('backend/web');
  });

  it('ends with the window, also where its folder was removed', async () => {
    setFolders('frontend');
    await editor.waitForRow('backend/web', /, live, .*no longer declared/);
    assert.deepEqual(running(), ['backend', 'frontend']);
    await editor.page.close();
    await eventually('no process is left', () => running().length === 0, 30_000);
  });
});
