/** A process whose port is held by another one: who that is, its end, and the next start. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { NamedPorts } from '../../src/loopback/namedPorts.ts';
import { Editor } from '../support/editor.ts';
import { plantOrphan } from '../support/orphans.ts';
import { eventually, exitOf } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';

const portFor = (name: string): Promise<number> => new NamedPorts().portFor(name);
const server = "require('node:net').createServer().listen(Number(process.argv[1]), '127.0.0.1')";

describe('a process whose port is held', () => {
  let editor: Editor;
  let [port, another, third] = [0, 0, 0];
  let stranger = 0;
  /** Of a window that is gone. */
  let leftBehind = 0;
  const listen = (number: number): string[] => ['node', '-e', server, String(number)];
  before(async () => {
    [port, another, third] = [await portFor('one'), await portFor('two'), await portFor('three')];
    editor = await Editor.open({
      settings: { 'treeWarden.findLeftBehind': 'byCommand' },
      prepare: (workspace, run) => {
        stranger = plantOrphan([process.execPath, '-e', server, String(port)], { cwd: run.folder, env: run.env });
        leftBehind = plantOrphan(['sleep', '600'], {
          cwd: workspace,
          env: { ...run.env, VSCODE_IPC_HOOK_CLI: join(run.folder, 'gone.sock') },
        });
        // It goes on without its port, as a watcher does.
        const watcher = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(server)}, '${another}'], { stdio: 'inherit' }); setInterval(() => {}, 1e6)`;
        const processes = {
          web: { command: listen(port) },
          api: { command: listen(another) },
          docs: { command: listen(third) },
          watcher: { command: ['node', '-e', watcher] },
        };
        writeFileSync(join(workspace, '.vscode', 'processes.json'), JSON.stringify({ processes }));
      },
    });
    await editor.showProcesses();
    await editor.waitForRow('web', /idle/);
  });
  after(async () => {
    for (const pid of [stranger, leftBehind]) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await editor[Symbol.asyncDispose]();
  });

  it('is started again when a stranger that held it has been killed', async () => {
    await editor.warden('Start', 'web');
    const told = await editor.notification(/could not listen/);
    assert.equal(told, `“web” could not listen on port ${port}. It is held by node (pid ${stranger}).`);
    await editor.screenshot('port-held');
    await editor.press(/could not listen/, 'Kill Holder and Start Again');
    await editor.waitForRow('web', new RegExp(`, live.*:${port}`));
    assert.ok(!isAlive(stranger));
  });

  it('names a process of this window that holds it, also to one that goes on without', async () => {
    await editor.start('api');
    await editor.waitForRow('api', new RegExp(`:${another}`));
    await editor.warden('Start', 'watcher');
    const told = await editor.notification(new RegExp(`port ${another}`));
    assert.equal(told, `“watcher” could not listen on port ${another}. It is held by “api” of this window.`);
    await editor.press(new RegExp(`port ${another}`), 'Kill Holder and Start Again');
    await editor.waitForRow('api', /idle|ended/);
    await eventually('the watcher is started again', () => editor.journal.includes('stopped to free port'));
  });

  it('names a tree of a command line that holds it', async () => {
    const elsewhere = editor.run.start(['run', '--name', 'preview', '--', ...listen(third)]);
    await eventually('it listens', () => editor.run.call(['ps']).stdout.includes(`:${third} `));
    await editor.warden('Start', 'docs');
    const told = await editor.notification(new RegExp(`port ${third}`));
    assert.equal(told, `“docs” could not listen on port ${third}. It is held by “preview” of a command line.`);
    await editor.press(new RegExp(`port ${third}`), 'Kill Holder and Start Again');
    await editor.waitForRow('docs', new RegExp(`, live.*:${third}`));
    await exitOf(elsewhere);
  });

  it('was seen in a window that looks for what was left behind by command only', async () => {
    await editor.command('Notifications: Show Notifications');
    const shown = editor.page.locator('.notifications-center .notification-list-item-message');
    await eventually('the notifications are listed', async () => (await editor.page.locator('.notifications-center').count()) === 1);
    assert.deepEqual(
      (await shown.allInnerTexts()).filter((text) => text.includes('left behind')),
      [],
    );
    await editor.warden('Find Processes Left Behind…');
    await editor.entry('sleep').waitFor();
    await editor.page.keyboard.press('Escape');
  });
});
