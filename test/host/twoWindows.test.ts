/** Two windows on one folder: each has processes of its own, and what ends one leaves those of the other alone. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { NamedPorts } from '../../src/loopback/namedPorts.ts';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';

const server = 'require("http").createServer((_, answer) => answer.end()).listen(process.argv[1], "127.0.0.1")';

describe('two windows on one folder', () => {
  let editor: Editor;
  let port = 0;
  let [first, second]: Page[] = [];
  /** Leaders of the trees of this name, by their wardens. */
  const leaders = (name: string): Map<number, number> =>
    new Map(editor.run.ps().flatMap((tree) => (tree.name === name ? [[tree.warden.pid, tree.leader.pid] as const] : [])));
  const use = (page: Page | undefined): void => {
    assert.ok(page);
    editor.page = page;
  };
  /** Pid of the extension host that started this warden. */
  const hostOf = (warden: number): number => Number(readFileSync(`/proc/${warden}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);
  /** Of all trees of a warden. */
  const membersOf = (warden: number): number[] =>
    editor.run
      .ps()
      .flatMap((tree) => (tree.warden.pid === warden ? tree.members.map(({ pid }) => pid) : []))
      .toSorted();
  before(async () => {
    port = await new NamedPorts().portFor('test');
    editor = await Editor.open({
      prepare: (workspace) => {
        const processes = {
          free: { command: ['node', '-e', server, '${port:free}'] },
          fixed: { command: ['node', '-e', server, String(port)] },
          stray: { command: '(setsid sleep 1000 &); sleep 1000' },
        };
        writeFileSync(join(workspace, '.vscode', 'processes.json'), JSON.stringify({ processes }));
      },
    });
    first = editor.page;
    second = await editor.newPage();
    use(second);
    await editor.load();
    for (const page of [first, second]) {
      use(page);
      await editor.showProcesses();
      await editor.waitForRow('free', /idle/);
    }
  });
  after(() => editor[Symbol.asyncDispose]());

  it('have the same process each for itself', async () => {
    use(first);
    await editor.start('free');
    use(second);
    await editor.waitForRow('free', /idle/);
    await editor.start('free');
    assert.equal(leaders('free').size, 2);
    const ports: (string | undefined)[] = [];
    for (const page of [first, second]) {
      use(page);
      ports.push((await editor.waitForRow('free', /, live, .*:\d+$/)).match(/:(\d+)$/)?.[1]);
    }
    assert.notEqual(ports[0], ports[1]);
  });

  it('say which of them holds a fixed port', async () => {
    use(first);
    await editor.start('fixed');
    await editor.waitForRow('fixed', new RegExp(`, live.*:${port}`));
    const [holder] = leaders('fixed').values();
    assert.ok(holder);
    use(second);
    await editor.warden('Start', 'fixed');
    const told = await editor.notification(/could not listen/);
    assert.equal(told, `“fixed” could not listen on port ${port}. It is held by “fixed” of another window of this folder.`);
    await editor.screenshot('two-windows-port');
    await editor.press(/could not listen/, 'Kill Holder and Start Again');
    await editor.waitForRow('fixed', new RegExp(`, live.*:${port}`));
    await eventually('the holder has ended', () => !isAlive(holder));
    use(first);
    await editor.waitForRow('fixed', /ended, stopped to free port/);
    await editor.screenshot('two-windows-stopped');
  });

  it('are not offered each other’s processes as left behind', async () => {
    for (const page of [first, second]) {
      use(page);
      await editor.start('stray');
    }
    // The shell runs the second one when the other is on its own.
    await eventually('all have begun', () => editor.workers.filter(isSleep).length === 4);
    const running = new Set(editor.workers);
    assert.ok(running.size >= 7);
    for (const page of [first, second]) {
      use(page);
      await editor.warden('Find Processes Left Behind…');
      await editor.notification(/No process of this workspace was left behind/);
      await editor.command('Notifications: Clear All Notifications');
    }
    assert.deepEqual(new Set(editor.workers), running);
    const { found } = JSON.parse(editor.run.call(['left-behind', '--json'], { cwd: editor.workspace }).stdout) as { found: unknown[] };
    assert.deepEqual(found, []);
  });

  it('live on when the host of the other one is killed', async () => {
    const [survivor] = leaders('fixed').keys();
    const killed = [...leaders('stray').keys()].find((warden) => warden !== survivor);
    assert.ok(survivor && killed);
    const kept = membersOf(survivor);
    process.kill(hostOf(killed), 'SIGKILL');
    await eventually('only the other one’s are left', () => editor.workers.length === kept.length, 20_000);
    assert.deepEqual(editor.workers.toSorted(), kept);
  });

  it('live on when the other one is closed', async () => {
    const [survivor] = leaders('fixed').keys();
    assert.ok(survivor);
    // The editor has started another host for it.
    use(first);
    await editor.waitForRow('stray', /idle/);
    await editor.start('stray');
    const kept = membersOf(survivor);
    assert.ok(editor.workers.length > kept.length);
    await editor.page.close();
    await eventually('only the other one’s are left', () => editor.workers.length === kept.length, 20_000);
    assert.deepEqual(editor.workers.toSorted(), kept);
    use(second);
    await editor.waitForRow('stray', /, live/);
    await editor.page.close();
    await eventually('no process is left', () => editor.workers.length === 0, 30_000);
  });
});

function isSleep(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('sleep\0');
  } catch {
    return false; // It has just ended.
  }
}
