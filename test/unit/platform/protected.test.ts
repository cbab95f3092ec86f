/** The last check before every signal, whatever part of the program sends it. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadLibc, NativeLibraryError } from '../../../src/platform/linux/libc.ts';
import { LinuxPlatform } from '../../../src/platform/linux/linuxPlatform.ts';
import type { Platform, ProcessStat } from '../../../src/platform/platform.ts';
import { PortablePlatform } from '../../../src/platform/portable/portablePlatform.ts';
import { ProtectedProcesses } from '../../../src/platform/protectedProcesses.ts';
import { switchScript } from '../../../src/warden/ending/switchScript.ts';
import { startTimeOf } from '../../support/survivors.ts';

const platforms: readonly (readonly [string, Platform])[] = [
  ['linux', new LinuxPlatform(await loadLibc())],
  ['linux without native calls', new LinuxPlatform(new NativeLibraryError('none'))],
  ['portable', new PortablePlatform('')],
];

function ancestorsOf(platform: Platform): number[] {
  const found: number[] = [];
  for (let pid = platform.stat(process.pid)?.parent ?? 0; pid > 0; pid = platform.stat(pid)?.parent ?? 0) found.push(pid);
  return found;
}

describe('a signal', () => {
  for (const [name, platform] of platforms)
    it(`never reaches a protected process: ${name}`, () => {
      const untouchable = [
        0,
        1,
        -1,
        -process.pid,
        1.5,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        process.pid,
        process.ppid,
        ...ancestorsOf(platform),
      ];
      for (const pid of untouchable) {
        // Right in every other respect; and one that would do no harm.
        const target = { pid, startTime: platform.stat(pid)?.startTime ?? 0 };
        assert.equal(platform.signal(target, 'SIGCONT'), 'protected', String(pid));
        assert.ok(platform.isProtected(pid));
      }
    });

  for (const [name, platform] of platforms)
    it(`reaches a child: ${name}`, async () => {
      const child = spawn('sleep', ['100'], { stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
      const stat = platform.stat(child.pid ?? 0) ?? assert.fail();
      assert.equal(platform.signal(stat, 'SIGKILL'), 'sent');
      assert.equal(await ended, 'SIGKILL');
    });
});

describe('protected processes', () => {
  const at = (pid: number, parent: number, startTime: number): ProcessStat => ({
    ...{ pid, parent, startTime, group: pid, session: pid, alive: true, stopped: false, name: 'p', threads: 1 },
    ...{ cpuMillis: 0, childrenCpuMillis: 0, memoryBytes: 0 },
  });

  it('are no more those that this one runs under no longer', () => {
    const table = new Map([at(process.pid, 20, 9), at(20, 10, 8), at(10, 1, 7)].map((stat) => [stat.pid, stat]));
    const found = new ProtectedProcesses((pid) => table.get(pid));
    assert.ok(found.has(20) && found.has(10));
    table.set(process.pid, at(process.pid, 10, 9));
    table.set(20, at(20, 1, 30));
    assert.ok(!found.has(20) && found.has(10));
  });

  it('do not count one that was given the number of a parent that has ended', () => {
    const table = new Map([at(process.pid, 20, 9), at(20, 1, 30)].map((stat) => [stat.pid, stat]));
    assert.ok(!new ProtectedProcesses((pid) => table.get(pid)).has(20));
  });
});

describe('the switch, whose reaper cannot be run', () => {
  /** Tells it `members` and lets go of it; resolves when it has ended. */
  async function tell(members: readonly string[]): Promise<void> {
    const shell = spawn('/bin/sh', ['-c', switchScript, 'tree-warden-switch', '', 'false'], { stdio: ['pipe', 'ignore', 'ignore'] });
    shell.stdin.end(`${members.join(' ')}\n`);
    await new Promise((resolve) => shell.once('exit', resolve));
  }

  it('kills what it was told, and spares the first process, those that it runs under, and who was given a pid since', async () => {
    const child = spawn('sleep', ['100'], { stdio: 'ignore' });
    const spared = spawn('sleep', ['100'], { stdio: 'ignore' });
    const identity = (pid: number): string => `${pid}:${startTimeOf(pid)}`;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await tell([identity(1), identity(process.pid), `-${child.pid}:1`, '0:0', ':', 'x:1', `${spared.pid}:1`, identity(child.pid ?? 0)]);
    await ended;
    assert.equal(spared.exitCode ?? spared.signalCode, null);
    spared.kill('SIGKILL');
  });

  it('kills no group with a protected process in it, and makes no file where there is none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tw-switch-'));
    try {
      writeFileSync(join(folder, 'cgroup.procs'), `${process.pid}\n`);
      writeFileSync(join(folder, 'cgroup.kill'), '');
      await tell([folder]);
      assert.equal(readFileSync(join(folder, 'cgroup.kill'), 'utf8'), '');
      writeFileSync(join(folder, 'cgroup.procs'), '');
      await tell([folder]);
      assert.equal(readFileSync(join(folder, 'cgroup.kill'), 'utf8'), '1\n');
      rmSync(join(folder, 'cgroup.kill'));
      await tell([folder]);
      assert.throws(() => readFileSync(join(folder, 'cgroup.kill')));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('kills no group with a protected process anywhere below it, nor one that is too deep to be looked through', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tw-switch-'));
    const makeGroup = (path: string, pids = ''): void => {
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'cgroup.procs'), pids);
    };
    const isKilled = async (): Promise<boolean> => {
      writeFileSync(join(folder, 'cgroup.kill'), '');
      await tell([folder]);
      return readFileSync(join(folder, 'cgroup.kill'), 'utf8') !== '';
    };
    try {
      for (const path of ['', 'a', 'a/b', 'c']) makeGroup(join(folder, path));
      assert.equal(await isKilled(), true);
      makeGroup(join(folder, 'a/b'), `${process.pid}\n`);
      assert.equal(await isKilled(), false);
      makeGroup(join(folder, 'a/b'));
      makeGroup(join(folder, '.hidden'), `${process.pid}\n`);
      assert.equal(await isKilled(), false);
      makeGroup(join(folder, '.hidden'));
      for (let depth = 1; depth <= 40; depth++) makeGroup(join(folder, ...Array.from({ length: depth }, () => 'd')));
      assert.equal(await isKilled(), false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is a script that a POSIX shell reads', () => {
    assert.equal(spawnSync('/bin/sh', ['-n'], { input: switchScript }).status, 0);
  });
});
