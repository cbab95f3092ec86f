/** What each containment does, on the real kernel; and that those which are not available say so. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { Cgroup, removeCgroup } from '../../src/platform/linux/cgroups.ts';
import type { Diagnosis } from '../../src/protocol/inspection.ts';
import type { Containment } from '../../src/protocol/startRequest.ts';
import { adversaries } from '../support/adversaries.ts';
import { offersHere } from '../support/containments.ts';
import { killAtOnce } from '../support/deaths.ts';
import { eventually, Run } from '../support/run.ts';
import { isAlive, isStopped } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const has = (containment: Containment): boolean => offersHere().some((offer) => offer.containment === containment && offer.available);
const unlessHere = (containment: Containment) => ({ skip: has(containment) ? false : `this machine has no ${containment}` });
const containments = ['group', 'cgroup', 'namespace'] as const;

describe('every containment', () => {
  for (const containment of containments) {
    it(`${containment}: passes exit codes, output and input on`, unlessHere(containment), async () => {
      await using run = new Run();
      const { code, stdout, stderr } = run.call(
        ['run', '-c', containment, '--', 'sh', '-c', 'read line; echo "got $line"; echo bad >&2; exit 7'],
        {
          input: 'this\n',
        },
      );
      assert.deepEqual({ code, stdout, stderr }, { code: 7, stdout: 'got this\n', stderr: 'bad\n' });
    });

    it(`${containment}: a command that a signal ends has the status of one`, unlessHere(containment), async () => {
      await using run = new Run();
      const { code, stdout, stderr } = run.call(['run', '-c', containment, '--', 'sh', '-c', 'kill -ABRT $$']);
      assert.deepEqual({ code, stdout, stderr }, { code: 134, stdout: '', stderr: '' });
    });

    it(`${containment}: a stop lets the willing end as they like`, unlessHere(containment), async () => {
      await using warden = await TestWarden.start();
      const script = `trap 'echo cleaned up; exit 3' TERM; echo ready; while :; do sleep 0.05; done`;
      const tree = await warden.startShell(script, {
        containment,
        stop: [{ signal: 'SIGTERM' }, { waitMillis: 10_000 }, { signal: 'SIGKILL' }],
      });
      assert.equal(tree.containment, containment);
      await warden.output(tree.id, (text) => text.includes('ready'));
      const stopped = await warden.stop(tree.id);
      assert.deepEqual([stopped.state, stopped.exit?.code], ['exited', 3]);
      assert.match(await warden.output(tree.id), /cleaned up/);
    });

    it(`${containment}: runs on a terminal, whose Ctrl-C reaches the command`, unlessHere(containment), async () => {
      await using warden = await TestWarden.start();
      const script = `trap 'echo interrupted; exit 4' INT; test -t 0 && echo terminal; while :; do sleep 0.05; done`;
      const tree = await warden.startShell(script, { containment, stdio: 'pty' });
      await warden.output(tree.id, (text) => text.includes('terminal'));
      warden.client.input(tree.id, Buffer.from('\x03'));
      const ended = await warden.ended(tree.id);
      assert.equal(ended.exit?.code, 4);
      assert.match(await warden.output(tree.id), /interrupted/);
    });

    it(`${containment}: members are first to go when memory runs out`, unlessHere(containment), async () => {
      await using warden = await TestWarden.start();
      const own = Number(readFileSync(`/proc/${warden.process.pid}/oom_score_adj`, 'utf8'));
      const tree = await warden.startShell('cat /proc/self/oom_score_adj', { containment });
      assert.equal(Number(await warden.output(tree.id)), Math.min(own + 400, 1000));
      assert.equal(Number(readFileSync(`/proc/${warden.process.pid}/oom_score_adj`, 'utf8')), own, 'the warden has its own again');
    });
  }

  it('is named in lists', async () => {
    await using run = new Run();
    run.start(['run', '-c', 'group', '--', 'sleep', '100']);
    const [tree] = await eventually('it is listed', () => (run.ps().length > 0 ? run.ps() : undefined));
    assert.equal((tree as unknown as { containment: string }).containment, 'group');
  });
});

describe('a namespace', unlessHere('namespace'), () => {
  it('has a /proc of its own, and is its processes’ whole world', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('ls /proc | grep -c "^[0-9]"; echo $$', { containment: 'namespace' });
    const [count, pid] = (await warden.output(tree.id)).trim().split('\n').map(Number);
    assert.ok(count !== undefined && count < 10, `${count} processes in sight`);
    assert.ok(pid !== undefined && pid < 10, `pid ${pid}`);
  });

  it('dies by the kernel’s hand alone when the warden and all else is killed', async () => {
    await using run = new Run();
    const cli = run.start(['run', '-c', 'namespace', '--', 'sh', '-c', 'setsid sh -c "sleep 1000; :" & sleep 1000; :']);
    const tree = await eventually('it is up', () =>
      run.ps().find(({ members }) => members.filter(({ name }) => name === 'sleep').length === 2),
    );
    const members = tree.members.map(({ pid }) => pid);
    // The switch is stopped: it cannot have helped.
    const helpers = readFileSync(`/proc/${tree.warden.pid}/task/${tree.warden.pid}/children`, 'utf8').trim().split(' ').map(Number);
    for (const pid of helpers.filter((child) => !members.includes(child))) process.kill(pid, 'SIGSTOP');
    killAtOnce(cli.pid, tree.warden.pid);
    await eventually('no process is left', () => members.every((pid) => !isAlive(pid)));
    for (const pid of helpers) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
});

describe('a cgroup', unlessHere('cgroup'), () => {
  const cgroupOf = (pid: number): string => readFileSync(`/proc/${pid}/cgroup`, 'utf8').match(/^0::(.*)$/m)?.[1] ?? '';

  it('is one for each tree, and gone with it', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('setsid sh -c "sleep 1000; :" & sleep 1000; :', { containment: 'cgroup' });
    const members = await eventually('all are up', async () => {
      const found = (await warden.tree(tree.id)).members;
      return found.length >= 4 ? found : undefined;
    });
    const [folder, ...others] = new Set(members.map(({ pid }) => cgroupOf(pid)));
    assert.deepEqual(others, []);
    assert.ok(folder?.endsWith(`/tree-warden-${warden.client.welcome.warden}/${tree.id}`), folder);
    assert.notEqual(cgroupOf(warden.process.pid), folder, 'the warden itself is outside');
    await warden.stop(tree.id);
    const path = recordedFolder(folder ?? '');
    assert.ok(!existsSync(path), `${path} is still there`);
  });

  it('leaves nothing behind when its warden is killed', async () => {
    await using run = new Run();
    const cli = run.start(['run', '-c', 'cgroup', '--', 'sleep', '1000']);
    const tree = await eventually('it is up', () => run.ps()[0]);
    const home = recordedFolder(cgroupOf(tree.leader.pid)).replace(/\/[^/]*$/, '');
    assert.ok(existsSync(home));
    process.kill(tree.warden.pid, 'SIGKILL');
    await eventually('all is gone', () => !existsSync(home));
    cli.kill('SIGKILL');
  });

  it('is gone after its warden’s SIGKILL where the records are, too, and is made anew where it was tidied away', async () => {
    await using warden = await TestWarden.start();
    const home = (pid: number): string => dirname(recordedFolder(cgroupOf(pid)));
    const first = await warden.startShell('sleep 1000', { containment: 'cgroup' });
    const folder = home(first.leader?.pid ?? 0);
    await warden.stop(first.id, true);
    await eventually('it is idle', () => {
      removeCgroup(folder);
      return !existsSync(folder);
    });
    const second = await warden.startShell('sleep 1000', { containment: 'cgroup' });
    assert.equal(home(second.leader?.pid ?? 0), folder);
    // It may be about to write a record.
    process.kill(warden.process.pid, 'SIGSTOP');
    await eventually('it is stopped', () => isStopped(warden.process.pid));
    rmSync(warden.run.runtimeFolder, { recursive: true });
    process.kill(warden.process.pid, 'SIGKILL');
    await eventually('all is gone', () => !existsSync(folder));
  });

  it('is ended by freezing, too, where the kernel cannot kill it as one, whatever forks in it', async () => {
    await using warden = await TestWarden.start();
    const { argv } = adversaries.find(({ name }) => name === 'bursts of forks') ?? assert.fail();
    const { id, leader } = await warden.client.start(warden.request(argv(warden.run.workFolder), { containment: 'cgroup' }));
    const cgroup = new Cgroup(recordedFolder(cgroupOf(leader?.pid ?? 0)));
    await eventually('it forks', () => cgroup.pids().length >= 20);
    assert.ok(cgroup.killFrozen());
    await eventually('no process is left in it', () => cgroup.pids().length === 0);
    await warden.ended(id);
  });

  function recordedFolder(cgroup: string): string {
    const mount = readFileSync('/proc/self/mountinfo', 'utf8').match(/^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 /m)?.[1] ?? '';
    return `${mount}${cgroup}`;
  }
});

describe('what is not available', () => {
  it('is refused in one sentence that says why, and nothing is started', async () => {
    await using run = new Run();
    const { code, stderr } = run.call(['run', '-c', 'job', '--', 'sleep', '1000']);
    assert.notEqual(code, 0);
    assert.match(stderr, /"job" is for Windows; on Linux use/);
    assert.deepEqual(run.wardenIds(), []);
  });

  it('is said by doctor, with what to do', async () => {
    await using run = new Run({ PATH: '/nowhere' });
    const { stdout, code } = run.call(['doctor', '--json']);
    assert.equal(code, 0);
    const namespace = (JSON.parse(stdout) as Diagnosis).offers.find((offer) => offer.containment === 'namespace');
    assert.deepEqual(namespace, {
      containment: 'namespace',
      available: false,
      why: 'there is no setpriv(1) and no unshare(1) and no env(1)',
      advice: 'Install util-linux and coreutils.',
    });
  });
});

describe('tree-warden doctor', () => {
  it('lists every containment, and finds the wardens in order', async () => {
    await using run = new Run();
    run.start(['run', '--name', 'it', '--', 'sleep', '100']);
    await eventually('it is up', () => run.ps()[0]);
    const { stdout, code } = run.call(['doctor']);
    for (const name of ['group', 'cgroup', 'namespace', 'job']) assert.match(stdout, new RegExp(`^  [✔✘] ${name} `, 'm'));
    assert.match(stdout, /^Wardens:\n {2}✔ .*\(pid \d+\)$/m);
    assert.equal(code, 0);
  });

  it('says what a warden finds wrong', async () => {
    await using run = new Run();
    run.start(['run', '--name', 'it', '--', 'sleep', '100']);
    const tree = await eventually('it is up', () => run.ps()[0]);
    run.removeRecord(tree.id);
    const { stdout, code } = run.call(['doctor']);
    assert.match(stdout, /^ {2}✘ .*\n {6}'it' runs without its record in /m);
    assert.equal(code, 1);
  });
});
