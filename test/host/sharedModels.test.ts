/** A model that two windows share, in a real VS Code: one server in both views, for as long as one of the windows is open. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';

const server = fileURLToPath(new URL('../fixtures/models/server.cjs', import.meta.url));

describe('a model of two windows', () => {
  let editor: Editor;
  let [first, second]: Page[] = [];
  const use = (page: Page | undefined): void => {
    assert.ok(page);
    editor.page = page;
  };
  /** Pids of its servers, whichever warden has them. */
  const servers = (): number[] => editor.run.ps().flatMap(({ name, leader }) => (name.startsWith('shared') ? leader.pid : []));
  before(async () => {
    editor = await Editor.open({
      prepare: (workspace) => {
        const command = ['node', server, '--port', '${port}', '--name', '${name}'];
        const models = { shared: { runtime: 'custom', scope: 'user', command, ready: { http: 'http://127.0.0.1:${port}/health' } } };
        writeFileSync(join(workspace, '.vscode', 'processes.json'), JSON.stringify({ models }));
      },
    });
    first = editor.page;
    second = await editor.newPage();
    use(second);
    await editor.load();
    for (const page of [first, second]) {
      use(page);
      await editor.showProcesses();
      await editor.waitForRow('shared', /, cold/);
    }
  });
  after(() => editor[Symbol.asyncDispose]());

  it('is loaded in one of them, and ready in both, with its one server', async () => {
    use(first);
    await editor.pressOnRow('shared', 'Load', () => servers().length > 0);
    for (const page of [first, second]) {
      use(page);
      await editor.waitForRow('shared', /, loaded, ready/);
      await editor.expand('shared');
      await eventually('its server is below it', async () => (await editor.rowTexts()).some((text) => text.startsWith('shared#1,')));
    }
    assert.equal(servers().length, 1);
    await editor.screenshot('shared model');
  });

  it('stays loaded when one of them is closed', async () => {
    const before = servers();
    use(first);
    const wardens = editor.wardenPids;
    await editor.page.close();
    await eventually('its warden has ended', () => wardens.some((pid) => !isAlive(pid)), 30_000);
    use(second);
    await editor.waitForRow('shared', /, loaded, ready/);
    assert.deepEqual(servers(), before);
  });

  it('is loaded anew when the model service was killed', async () => {
    const [before = 0] = servers();
    const [service] = editor.run.ps().map(({ warden }) => warden.pid);
    assert.ok(service);
    process.kill(service, 'SIGKILL');
    await eventually('its server has gone with it', () => !isAlive(before));
    await editor.waitForRow('shared', /, cold/);
    await editor.pressOnRow('shared', 'Load', () => servers().some((pid) => pid !== before));
    await editor.waitForRow('shared', /, loaded, ready/);
    await eventually('its server is below it', async () => (await editor.rowTexts()).some((text) => text.startsWith('shared#1,')));
  });

  it('is gone with the last one', async () => {
    await editor.page.close();
    await eventually('no server is left', () => editor.pidsWith(server).length === 0, 30_000);
    await eventually('no warden is left', () => editor.wardenPids.length === 0, 30_000);
  });
});
