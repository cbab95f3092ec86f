/** A whole project in the editor: it comes up in order from one command, survives a SIGKILL of its database, and leaves nothing when the window closes. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { ensureProjectPackages } from '../../src/build/projectPackages.ts';
import { Editor } from '../support/editor.ts';
import { projectPath, projectSkipReason, writeProject } from '../support/realProject.ts';
import { eventually } from '../support/run.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';

const lasting = ['db', 'cache', 'api', 'web'];

describe('a project with a database, a cache, an API, workers and a dev server', { skip: projectSkipReason }, () => {
  before(ensureProjectPackages);

  it('comes up by Start All, is as it was after a SIGKILL of its database, and ends with its window', async () => {
    await using editor = await Editor.open({
      workspace: null,
      env: { PATH: projectPath },
      prepare: (folder, run) => writeProject(folder, run.folder),
    });
    await editor.showProcesses();
    await editor.waitForRow('db', /idle/);
    await editor.screenshot('project before its start');
    await editor.warden('Start All');
    for (const name of lasting) await editor.waitForRow(name, /%/);
    await editor.waitForRow('worker', /2\/2 ready/);
    await editor.screenshot('project is up');
    const database = (): number | undefined => editor.run.ps().find(({ name, state }) => name === 'db' && state === 'ready')?.leader.pid;
    const before = await eventually('the database runs', database);
    process.kill(before, 'SIGKILL');
    await eventually('another one runs', () => {
      const pid = database();
      return pid !== undefined && pid !== before;
    });
    for (const name of lasting) await editor.waitForRow(name, /%/);
    await editor.waitForRow('worker', /2\/2 ready/);
    await editor.screenshot('project after a SIGKILL of its database');
    await editor.warden('Open Dashboard');
    const rows = editor.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame').locator('#rows .row:visible');
    await eventually('its processes are listed', async () => (await rows.count()) >= 6);
    await editor.screenshot('project in the dashboard');
    await editor.page.close();
    await eventually('nothing of it is left', async () =>
      (await survivorsAfterLooking(editor.workspace)).every(({ command }) => /code-server|chromium|editor/.test(command)),
    );
    assert.deepEqual(editor.workers, []);
  });
});
