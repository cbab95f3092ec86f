/** Processes that an earlier window has left: one notification, a list, and their end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { NamedPorts } from '../../src/loopback/namedPorts.ts';
import { Editor } from '../support/editor.ts';
import { plantOrphan } from '../support/orphans.ts';
import { eventually } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';

const server = "require('node:net').createServer().listen(Number(process.argv[1]), '127.0.0.1')";

describe('a window of a workspace in which processes were left behind', () => {
  let editor: Editor;
  let port = 0;
  /** Of a window that is gone; and one of which only that is known that it has no parent. */
  let [certain, likely] = [0, 0];
  before(async () => {
    port = await new NamedPorts().portFor('test');
    editor = await Editor.open({
      prepare: (workspace, run) => {
        const env = { ...run.env, VSCODE_IPC_HOOK_CLI: join(run.folder, 'window-that-is-gone.sock') };
        certain = plantOrphan([process.execPath, '-e', server, String(port)], { cwd: workspace, env });
        likely = plantOrphan(['sleep', '600'], { cwd: workspace, env: run.env });
      },
    });
    await editor.showProcesses();
  });
  after(async () => {
    for (const pid of [certain, likely]) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await editor[Symbol.asyncDispose]();
  });

  it('tells once of what is certain, and of nothing else', async () => {
    const told = await editor.notification(/left behind/);
    assert.match(
      told,
      new RegExp(
        `^A process of this workspace was left behind: node -e on :${port}, started \\d+ (s|min) ago, its window or terminal is gone\\.$`,
      ),
    );
    await editor.screenshot('left-behind-notification');
  });

  it('lists all, and ends what is chosen', async () => {
    await editor.press(/left behind/, 'Show…');
    await editor.entry(`node -e :${port}`).waitFor();
    await editor.entry('sleep').waitFor();
    await editor.screenshot('left-behind-list');
    // What is certain is chosen already.
    await editor.page.locator('.quick-input-widget .monaco-button:visible', { hasText: 'OK' }).click();
    await editor.entry('Kill').waitFor();
    await editor.screenshot('left-behind-actions');
    await editor.pick('Kill');
    await eventually('it has ended', () => !isAlive(certain));
    assert.ok(isAlive(likely), 'what was not chosen runs on');
  });

  it('lists what was kept as such, and what is ignored never again', async () => {
    const choose = async (action: string): Promise<void> => {
      await editor.warden('Find Processes Left Behind…', 'sleep');
      await editor.pick(action);
    };
    await choose('Keep');
    await editor.warden('Find Processes Left Behind…');
    await editor.entry('kept', 'contains').waitFor();
    await editor.page.keyboard.press('Escape');
    await choose('Ignore');
    const settings = join(editor.workspace, '.vscode', 'settings.json');
    await eventually('the setting has its name', () => /"treeWarden.ignoreLeftBehind": \[\s*"sleep"\s*\]/.test(readIfThere(settings)));
    await editor.warden('Find Processes Left Behind…');
    await editor.notification(/No process of this workspace was left behind\./);
    assert.ok(isAlive(likely));
  });
});

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
