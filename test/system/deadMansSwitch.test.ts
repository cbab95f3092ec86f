/** The dead man's switch by itself, at moments that a whole run meets by chance only. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { switchScript } from '../../src/warden/ending/switchScript.ts';
import { eventually, switchesOf } from '../support/run.ts';
import { isAlive, killIfThere, startTimeOf, survivorsAfterLooking } from '../support/survivors.ts';
import { processesOf, threadsOf } from '../support/users.ts';
import { TestWarden } from '../support/warden.ts';

const host = fileURLToPath(new URL('../fixtures/switchHost.ts', import.meta.url));

test('a switch knows the members from its birth, where its warden is killed before it writes to it', async () => {
  const member = spawn('sleep', ['1000'], { stdio: 'ignore' });
  try {
    const pid = member.pid ?? 0;
    const { signal } = spawnSync(process.execPath, [host, String(pid), String(startTimeOf(pid))], { timeout: 20_000 });
    assert.equal(signal, 'SIGKILL');
    await eventually('the member is killed', () => member.signalCode === 'SIGKILL');
  } finally {
    member.kill('SIGTERM');
  }
});

test('a switch kills what its newest whole line names, and what was added to that', async () => {
  const members = Array.from({ length: 4 }, () => spawn('sleep', ['1000'], { stdio: 'ignore' }));
  const [first, second, third, last] = members.map(({ pid = 0 }) => `${pid}:${startTimeOf(pid)}`);
  try {
    const shell = spawn('/bin/sh', ['-c', switchScript, 'tree-warden-switch', `${first}`, 'true'], { stdio: ['pipe', 'ignore', 'ignore'] });
    shell.stdin.end(`+ ${second}\n${second}\n+ ${third} ${last}\n`);
    await once(shell, 'exit');
    await eventually('those are killed', () => members.slice(1).every(({ signalCode }) => signalCode === 'SIGKILL'));
    assert.equal(members[0]?.signalCode, null);
  } finally {
    for (const member of members) member.kill('SIGTERM');
  }
});

/** Kills each switch of a warden that comes, until it is not replaced any more. */
async function useUpRestarts(warden: TestWarden): Promise<number> {
  let killed = 0;
  await eventually('it is given up', () => {
    for (const pid of switchesOf(warden.process.pid)) {
      // It may be the one that was killed at the last look.
      killIfThere(pid, 'SIGKILL');
      killed++;
    }
    return warden.alerts.length > 0;
  });
  return killed;
}

test('a switch that is ended again and again is given up with one message; what runs is guarded, and doctor says so', async () => {
  await using warden = await TestWarden.start();
  const tree = await warden.startShell('(setsid sleep 100 &); sleep 100');
  const killed = await useUpRestarts(warden);
  assert.ok(killed >= 6, `${killed} were killed`);
  assert.match(
    warden.alerts.join('; '),
    /^The dead man’s switch was ended by another process, after it was restarted 5 times in 3 minutes\. It will not be restarted automatically\. The warden goes on guarding/,
  );
  const journal = await warden.journal();
  assert.equal(journal.filter(({ event }) => event === 'switch-lost').length, 6);
  assert.equal(journal.filter(({ event, spec }) => event === 'gave-up' && spec === 'switch').length, 1);
  assert.equal((await warden.client.inspect()).switchPid, null);
  const { code, stdout } = warden.run.call(['doctor']);
  assert.equal(code, 1);
  assert.match(stdout, /The dead man’s switch was ended by another process/);
  assert.notEqual((await warden.stop(tree.id)).endedAt, undefined);
  assert.deepEqual(await survivorsAfterLooking(warden.run.workFolder), []);
  await warden.startShell('(setsid sleep 100 &); sleep 100');
  warden.disconnect();
  await eventually('the warden has ended', () => !isAlive(warden.process.pid));
  assert.deepEqual(await survivorsAfterLooking(warden.run.workFolder), []);
});

test('a switch that was given up is started again on request, does its work, and may be replaced as often as at first', async () => {
  await using warden = await TestWarden.start();
  await warden.startShell('(setsid sleep 100 &); sleep 100');
  await useUpRestarts(warden);
  await warden.client.startHelper('switch');
  const { switchPid } = await warden.client.inspect();
  assert.deepEqual(await warden.client.selfCheck(), []);
  process.kill(switchPid ?? assert.fail('there is no switch'), 'SIGKILL');
  await eventually('it is replaced', () => switchesOf(warden.process.pid).some((pid) => pid !== switchPid));
  assert.equal(warden.alerts.length, 1);
  process.kill(warden.process.pid, 'SIGKILL');
  await eventually('nothing is left', async () => (await survivorsAfterLooking(warden.run.workFolder)).length === 0);
});

test('a switch that is stopped is told of, and does not outlive a warden that ends in order', async () => {
  await using warden = await TestWarden.start();
  const { switchPid } = await warden.client.inspect();
  const pid = switchPid ?? assert.fail('there is no switch');
  process.kill(pid, 'SIGSTOP');
  try {
    const told = new RegExp(`^The dead man’s switch \\(pid ${pid}\\) is stopped: .*kill -CONT ${pid}`);
    // The signal is on its way until the process had a processor once more.
    await eventually('the self-check says so', async () => told.test((await warden.client.selfCheck()).join('; ')));
    await warden.client.shutdown('the test says so', true);
    assert.equal((await warden.process.ended).orderly, true);
    await eventually('the switch has ended', () => !isAlive(pid));
  } finally {
    if (isAlive(pid)) process.kill(pid, 'SIGCONT');
  }
});

test('a switch kills what descends from its list and is not on it, be it in a session or of a user of its own', async () => {
  const asOther = process.getuid?.() === 0 ? 'setpriv --reuid=9 --regid=9 --clear-groups' : '';
  const work = 'sleep 1000 & setsid sh -c "sleep 1001 & wait" & echo up; wait';
  const listed = spawn('sh', ['-c', `${asOther} sh -c '${work}' & wait`], { cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] });
  const pid = listed.pid ?? 0;
  await once(listed.stdout, 'data');
  const family = await eventually('the family is there', () => {
    const found = descendantsOf(pid);
    return found.length === 4 ? found : undefined;
  });
  try {
    const guard = spawn('sh', ['-c', switchScript, 'tree-warden-switch', `${pid}:${startTimeOf(pid)}`, 'true'], {
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    guard.stdin.end();
    await eventually('all are killed', () => [pid, ...family].every((one) => !isAlive(one)));
    await eventually('the switch has ended', () => guard.exitCode !== null);
  } finally {
    for (const one of [pid, ...family]) if (isAlive(one)) process.kill(one, 'SIGKILL');
  }
});

/** All that has this process above it. */
function descendantsOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** Debian's `news`, to whom nothing else belongs. */
const user = 9;
const maxProcesses = 60;
/** Its children are no zombies, so that the end of each makes room at once. */
const fillsEveryPlace = '$SIG{CHLD} = "IGNORE"; while (1) { my $pid = fork(); next if !defined $pid || $pid; sleep 600; exit }';

function startAsUser(command: string, args: readonly string[]): ChildProcess {
  const drop = [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', 'prlimit', `--nproc=${maxProcesses}`];
  return spawn('setpriv', [...drop, command, ...args], { cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] });
}

test('a switch that can start nothing leaves none of its list, nor what one of it forks while the others are killed', {
  skip: process.getuid?.() !== 0 && 'only root can become another user',
}, async () => {
  const tree = startAsUser('perl', ['-e', fillsEveryPlace]);
  try {
    await eventually('the user has no processes left', () => threadsOf(user) >= maxProcesses);
    // The parent last, which fills every place that becomes free.
    const list = processesOf(user)
      .sort((a, b) => Number(a === tree.pid) - Number(b === tree.pid))
      .map((pid) => `${pid}:${startTimeOf(pid)}`);
    const guard = startAsUser('sh', ['-c', switchScript, 'tree-warden-switch', list.join(' '), 'true']);
    guard.stdin?.end();
    await eventually('the switch has ended', () => guard.exitCode !== null || guard.signalCode !== null);
    await eventually('the killed ones are gone', () =>
      list.every((word) => startTimeOf(Number.parseInt(word, 10)) !== Number(word.split(':')[1])),
    );
    // A process that the switch has killed last is not gone at once.
    await eventually('nothing else is left', () => processesOf(user).length === 0);
  } finally {
    for (let left = processesOf(user); left.length > 0; left = processesOf(user)) {
      for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of left) killIfThere(pid, signal);
    }
  }
});

test('a reaper that hangs before it runs anything is killed, and another one does its work', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-reaper-'));
  // The kernel names a process by the script that it runs. The first time, it stays what hangs; then it becomes one that runs.
  const script = join(folder, 'reaper');
  const running = join(folder, 'tree-warden-reaper');
  writeFileSync(
    script,
    `#!/bin/sh\necho $$ >> ${folder}/pids\n[ -e ${folder}/first ] && exec ${running}\n: > ${folder}/first\nexec sleep 1000\n`,
  );
  writeFileSync(running, `#!/bin/sh\nsleep 7\n: > ${folder}/reaped\n`);
  for (const file of [script, running]) chmodSync(file, 0o755);
  const guard = spawn('sh', ['-c', switchScript, 'tree-warden-switch', '', script], { cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] });
  guard.stdin.end();
  await eventually('the switch has ended', () => guard.exitCode !== null);
  assert.ok(existsSync(join(folder, 'reaped')), 'the second one was left to its work, however long that is');
  const pids = readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n').map(Number);
  assert.equal(pids.length, 2);
  assert.deepEqual(
    pids.filter((pid) => !Number.isNaN(startTimeOf(pid))),
    [],
  );
  rmSync(folder, { recursive: true });
});
