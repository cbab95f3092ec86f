/** A member of a tree that was started without a debugger: attached to, profiled, and left as it was. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { NamedPorts } from '../../src/loopback/namedPorts.ts';
import { Editor } from '../support/editor.ts';
import { listenersOf } from '../support/listeners.ts';
import { hitsByFunction } from '../support/profiles.ts';
import { eventually } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';

const server = `function hotLoop() {
  let sum = 0;
  for (let index = 0; index < 2e6; index++) sum += Math.sqrt(sum + index);
  return sum;
}
setInterval(hotLoop, 100);
require('node:http').createServer((request, response) => {
  if (request.url === '/pause') debugger;
  response.end('answered');
}).listen(process.env.PORT, '127.0.0.1');
`;

describe('a member of a tree', () => {
  let editor: Editor;
  let url = '';
  before(async () => {
    editor = await Editor.open({ workspace: null });
    const port = await new NamedPorts().portFor('api');
    url = `http://127.0.0.1:${port}`;
    const processes = {
      // A port of the inspector's own: other tests may be using the usual one.
      api: { command: ['node', 'server.js'], env: { PORT: String(port), NODE_OPTIONS: '--inspect-port=0' }, ready: { http: url } },
      // Of two processes, one has to be chosen.
      two: {
        command: 'node -e "setInterval(() => 0, 1000)" & exec node -e "setInterval(() => 0, 1000)"',
        env: { NODE_OPTIONS: '--inspect-port=0' },
      },
      sleeper: { command: 'exec sleep 1000' },
      python: { command: ['python3', '-c', 'import time; time.sleep(1000)'] },
    };
    mkdirSync(join(editor.workspace, '.vscode'));
    writeFileSync(join(editor.workspace, 'server.js'), server);
    writeFileSync(join(editor.workspace, '.vscode', 'processes.json'), JSON.stringify({ processes }));
    await editor.load();
    await editor.showProcesses();
    await editor.waitForRow('api', /idle/);
    await editor.start('api');
    await eventually('it is ready', () => editor.run.ps().some(({ name, state }) => name === 'api' && state === 'ready'), 30_000);
  });
  after(() => editor[Symbol.asyncDispose]());

  const pidOf = (name: string): number => editor.run.ps().find((tree) => tree.name === name)?.leader.pid ?? 0;
  const get = async (path: string): Promise<string> => await (await fetch(`${url}${path}`)).text();
  const recorded = (kind: string): string[] => {
    const profiles = join(editor.globalStorage, 'profiles');
    return readdirSync(profiles)
      .filter((name) => name.endsWith(`.${kind}`))
      .map((name) => join(profiles, name));
  };

  it('that was started without --inspect has the debugger attached, stops where it is told, and lives on', async () => {
    const pid = pidOf('api');
    assert.equal(listenersOf(pid), 1);
    assert.equal(await get('/pause'), 'answered');
    await editor.warden('Attach Debugger', 'api');
    await editor.page.locator('.debug-toolbar').waitFor({ timeout: 30_000 });
    await eventually('the debugger is attached', () => editor.run.call(['logs', 'api']).stdout.includes('Debugger attached'), 30_000);
    const paused = editor.page.locator('.debug-top-stack-frame-line').first();
    let answer = '';
    let asked = Promise.resolve();
    // Again where it has answered: that a debugger is attached is printed before it has told what it wants.
    const ask = (): void => {
      answer = '';
      asked = get('/pause').then((text) => {
        answer = text;
      });
    };
    ask();
    const isPaused = async (): Promise<boolean> => {
      if (await editor.appears(paused, 1000)) return true;
      if (answer !== '') ask();
      return false;
    };
    await eventually('it is paused', isPaused, 30_000);
    await editor.screenshot('attached and paused');
    assert.equal(answer, '', 'it stands still');
    await editor.command('Debug: Continue');
    await asked;
    assert.equal(answer, 'answered');
    await editor.command('Debug: Disconnect');
    await editor.page.locator('.debug-toolbar').waitFor({ state: 'hidden', timeout: 30_000 });
    await eventually('its inspector is closed again', () => listenersOf(pid) === 1, 30_000);
    assert.equal(await get('/pause'), 'answered');
    assert.ok(isAlive(pid));
    assert.equal(pidOf('api'), pid);
  });

  it('has its CPU profile recorded and opened, and its inspector closed again', async () => {
    const pid = pidOf('api');
    await editor.warden('Record CPU Profile for 10 Seconds', 'api');
    await editor.page.locator('.notifications-toasts').filter({ hasText: 'CPU profile of api' }).waitFor({ timeout: 30_000 });
    await editor.screenshot('a profile is being recorded');
    await editor.page.locator('.tabs-container .tab[aria-label*=".cpuprofile"]').waitFor({ timeout: 40_000 });
    await editor.notification(/The CPU profile of api \(\d+\) was recorded/);
    const [file = ''] = recorded('cpuprofile');
    const hits = hitsByFunction(readFileSync(file, 'utf8'));
    // Of the time in which it ran: how much of that there is depends on who else wants the processors.
    const busy = [...hits].reduce((sum, [name, count]) => (name === '(idle)' || name === '(program)' ? sum : sum + count), 0);
    assert.ok((hits.get('hotLoop') ?? 0) > busy / 2, JSON.stringify([...hits]));
    await editor.screenshot('cpu profile');
    await eventually('its inspector is closed again', () => listenersOf(pid) === 1);
  });

  it('has its heap written and opened', async () => {
    await editor.warden('Take Heap Snapshot', 'api');
    await editor.page.locator('.tabs-container .tab[aria-label*=".heapsnapshot"]').waitFor({ timeout: 60_000 });
    // It is open by then: an editor that opens closes the list that is open.
    await editor.notification(/The heap snapshot of api \(\d+\) was written/);
    const [file = ''] = recorded('heapsnapshot');
    const { snapshot, strings } = JSON.parse(readFileSync(file, 'utf8')) as { snapshot: { node_count: number }; strings: string[] };
    assert.ok(snapshot.node_count > 1000);
    assert.ok(strings.includes('hotLoop'));
    await editor.screenshot('heap snapshot');
  });

  it('is chosen where there are several', async () => {
    await editor.start('two');
    const members = (): number[] =>
      editor.run
        .ps()
        .find(({ name }) => name === 'two')
        ?.members.map(({ pid }) => pid) ?? [];
    // Not before they are Node.js: the shell that becomes one, and the one that it has forked, are members first.
    await eventually('both are there', () => members().length === 2 && members().every(canOpenInspector), 30_000);
    const leader = pidOf('two');
    const other = members().find((pid) => pid !== leader) ?? 0;
    await editor.warden('Take Heap Snapshot', 'two');
    await editor.entry(String(leader), 'contains').waitFor({ timeout: 30_000 });
    await editor.screenshot('which process');
    await editor.pick(String(other), 'contains');
    await editor.page.locator(`.tabs-container .tab[aria-label*="two-${other}-"]`).waitFor({ timeout: 60_000 });
    await editor.notification(/The heap snapshot of two \(\d+\) was written/);
    assert.ok(recorded('heapsnapshot').some((file) => file.includes(`two-${other}-`)));
    assert.ok(!recorded('heapsnapshot').some((file) => file.includes(`two-${leader}-`)));
  });

  it('that is no Node.js process is never signalled, and it is said why', async () => {
    await editor.start('sleeper');
    await editor.warden('Attach Debugger', 'sleeper');
    await editor.notification(/No process of “sleeper” is a Node.js or Python process/);
    await editor.start('python');
    await editor.warden('Attach Debugger', 'python');
    await editor.notification(/it does not listen for one\. Start it with debugpy/);
    await editor.screenshot('no debugger');
    for (const name of ['sleeper', 'python']) assert.ok(isAlive(pidOf(name)));
  });
});

/** Whether it is a Node.js that opens its inspector at a SIGUSR1; a younger one would be ended by it. See proc_pid_status(5). */
function canOpenInspector(pid: number): boolean {
  try {
    const [, caught = '0'] = readFileSync(`/proc/${pid}/status`, 'latin1').match(/^SigCgt:\s*(\w+)$/m) ?? [];
    const sigusr1 = 1n << BigInt(constants.signals.SIGUSR1 - 1);
    return basename(readlinkSync(`/proc/${pid}/exe`)) === 'node' && (BigInt(`0x${caught}`) & sigusr1) !== 0n;
  } catch {
    return false; // It has just ended.
  }
}
