/** Profiles of members by the command line: only of what really is Node, and the member is as it was before. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { describePrograms } from '../../src/client/wardenCommands.ts';
import { listenersOf } from '../support/listeners.ts';
import { hitsByFunction } from '../support/profiles.ts';
import { eventually, exitOf, Run, wardenScript } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const busy = `function hotLoop() {
  let sum = 0;
  for (let index = 0; index < 2e6; index++) sum += Math.sqrt(sum + index);
  return sum;
}
setInterval(hotLoop, 30);
require('node:fs').writeFileSync('up', '');
`;

/** A tree with this command, which writes the file `up` when it is up; the pid of its leader. */
async function started(run: Run, command: readonly string[], onStderr?: (text: string) => void): Promise<number> {
  return (await startedBy(run, command, onStderr)).pid;
}

/** With the command line that runs it: its warden may list it until that has ended. */
async function startedBy(
  run: Run,
  command: readonly string[],
  onStderr: (text: string) => void = () => undefined,
): Promise<{ readonly pid: number; readonly child: ChildProcess }> {
  writeFileSync(join(run.workFolder, 'busy.js'), busy);
  rmSync(join(run.workFolder, 'up'), { force: true });
  const child = run.start(['run', '-n', 'it', '--', ...command]);
  child.stderr?.on('data', (chunk: Buffer) => onStderr(String(chunk)));
  await eventually('it is up', () => existsSync(join(run.workFolder, 'up')));
  return { pid: await eventually('it is listed', () => run.ps().find(({ name }) => name === 'it')?.leader.pid), child };
}

/** The inspector takes any port: other tests may be using the usual one. */
const freely = { NODE_OPTIONS: '--inspect-port=0' };

describe('tree-warden profile', () => {
  it('records which functions a Node process runs, that was started without --inspect', async () => {
    await using run = new Run(freely);
    const pid = await started(run, ['node', 'busy.js']);
    const { code, stdout, stderr } = run.call(['profile', 'it', '--for', '2s']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, new RegExp(`^it-${pid}-\\d{8}-\\d{6}\\.cpuprofile\\n$`));
    const hits = hitsByFunction(readFileSync(join(run.workFolder, stdout.trim()), 'utf8'));
    assert.ok((hits.get('hotLoop') ?? 0) > 50, JSON.stringify([...hits]));
    assert.equal(listenersOf(pid), 0, 'its inspector is closed again');
    assert.ok(isAlive(pid));
    assert.equal(run.call(['profile', String(pid), '--heap', '-o', 'it.heapsnapshot']).stdout, 'it.heapsnapshot\n');
    const { snapshot } = JSON.parse(readFileSync(join(run.workFolder, 'it.heapsnapshot'), 'utf8')) as { snapshot: { node_count: number } };
    assert.ok(snapshot.node_count > 1000);
    assert.equal(listenersOf(pid), 0);
  });

  it('leaves an inspector open that was open before', async () => {
    await using run = new Run();
    const pid = await started(run, ['node', '--inspect=0', 'busy.js']);
    assert.equal(run.call(['profile', 'it', '--for', '200ms']).code, 0);
    assert.equal(listenersOf(pid), 1);
  });

  it('ends early by Ctrl-C, with what was recorded by then', async () => {
    await using run = new Run(freely);
    let said = '';
    const pid = await started(run, ['node', 'busy.js'], (text) => {
      said += text;
    });
    const child = run.start(['profile', 'it', '--for', '1h', '-o', 'early.cpuprofile']);
    await eventually('the debugger is attached', () => said.includes('Debugger attached'));
    child.kill('SIGINT');
    assert.equal(await exitOf(child), 0);
    assert.ok(readFileSync(join(run.workFolder, 'early.cpuprofile'), 'utf8').startsWith('{"nodes"'));
    assert.equal(listenersOf(pid), 0);
  });

  it('keeps a file that is there', async () => {
    await using run = new Run(freely);
    const pid = await started(run, ['node', 'busy.js']);
    writeFileSync(join(run.workFolder, 'mine'), 'mine');
    const { code, stderr } = run.call(['profile', 'it', '--for', '100ms', '-o', 'mine']);
    assert.deepEqual([code, stderr], [1, 'tree-warden: mine could not be written: file already exists (EEXIST).\n']);
    assert.equal(readFileSync(join(run.workFolder, 'mine'), 'utf8'), 'mine');
    assert.equal(listenersOf(pid), 0);
  });

  it('sends no signal to what is no Node, whatever it calls itself', async () => {
    await using run = new Run();
    const fake = join(run.workFolder, 'node');
    copyFileSync('/bin/sleep', fake);
    for (const [script, why] of [
      [`touch up; exec -a node sleep 1000`, /^tree-warden: No process of 'it' is a Node\.js process\.\n$/],
      [`touch up; exec ${fake} 1000`, /cannot be opened by SIGUSR1/],
    ] as const) {
      const { pid, child } = await startedBy(run, ['bash', '-c', script]);
      await eventually('bash has become it', () => readFileSync(`/proc/${pid}/comm`, 'latin1') !== 'bash\n');
      assert.match(run.call(['profile', 'it']).stderr, why);
      assert.match(run.call(['profile', String(pid)]).stderr, /is not a Node\.js process: it runs \/|cannot be opened by SIGUSR1/);
      assert.ok(isAlive(pid));
      run.call(['kill', '--all', '--now']);
      await exitOf(child);
    }
  });

  it('says what to do where SIGUSR1 opens nothing', async () => {
    await using run = new Run();
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    for (const [args, why] of [
      [['--disable-sigusr1'], /--disable-sigusr1/],
      [[`--inspect-port=${port}`], new RegExp(`port ${port} of 127\\.0\\.0\\.1, which another process uses\\. Set NODE_OPTIONS`)],
    ] as const) {
      const { pid, child } = await startedBy(run, ['node', ...args, 'busy.js']);
      assert.match(run.call(['profile', 'it']).stderr, why);
      assert.ok(isAlive(pid));
      run.call(['kill', '--all', '--now']);
      await exitOf(child);
    }
    taken.close();
  });

  it('says that a program handles SIGUSR1 by itself', async () => {
    await using run = new Run(freely);
    const pid = await started(run, [
      'node',
      '-e',
      `process.on('SIGUSR1', () => 0); setInterval(() => 0, 1000); require('fs').writeFileSync('up', '')`,
    ]);
    assert.match(run.call(['profile', 'it']).stderr, /was sent SIGUSR1, but has not opened its inspector in 10 s/);
    assert.ok(isAlive(pid));
  });

  it('asks which of several processes is meant', async () => {
    await using run = new Run(freely);
    await started(run, ['sh', '-c', 'node busy.js & node busy.js']);
    const { code, stderr } = await eventually('both are there', () => {
      const result = run.call(['profile', 'it', '--for', '100ms']);
      return result.stderr.includes('2 Node.js processes') && result;
    });
    assert.equal(code, 1);
    assert.match(stderr, /^tree-warden: 'it' has 2 Node\.js processes; name one by its pid:\n( {2}\d+ {2}node busy\.js\n){2}$/);
  });

  it('refuses what makes no sense', async () => {
    await using run = new Run();
    assert.deepEqual(run.call(['profile', 'it', '--for', '2h']), {
      code: 2,
      stdout: '',
      stderr: "tree-warden: --for wants a duration of at most one hour, such as 10s, not '2h'.\n",
    });
    assert.equal(run.call(['profile', 'it', '--for', '2s', '--heap']).code, 2);
    assert.match(run.call(['profile', 'it']).stderr, /There is no running tree 'it'/);
  });
});

describe('a signal for one process', () => {
  it('reaches it only where it is this very one', async () => {
    await using warden = await TestWarden.start();
    const { id, leader } = await warden.startShell('exec sleep 1000');
    const pid = leader?.pid ?? 0;
    const [program] = await describePrograms(wardenScript, [pid]);
    const startTime = program?.startTime ?? 0;
    await assert.rejects(warden.client.signal({ tree: id, signal: 'SIGUSR1', pid, startTime: startTime + 1 }), /it has ended/);
    assert.ok(isAlive(pid));
    await warden.client.signal({ tree: id, signal: 'SIGUSR1', pid, startTime });
    await eventually('it has ended of it', () => !isAlive(pid));
  });
});
