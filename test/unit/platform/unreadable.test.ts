/** A process table that cannot be read is never taken for an empty one. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadLibc, NativeLibraryError } from '../../../src/platform/linux/libc.ts';
import { LinuxPlatform } from '../../../src/platform/linux/linuxPlatform.ts';
import { type Platform, type ProcessStat, ProcessTableError } from '../../../src/platform/platform.ts';
import { PortablePlatform } from '../../../src/platform/portable/portablePlatform.ts';
import { isGone, terminate } from '../../../src/warden/ending/termination.ts';

const isAlone = process.argv.includes('--alone');

/** Takes every descriptor that this process may still have, for the time of `use`. */
function exhausted<T>(use: () => T): T {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    // That was the last one.
  }
  try {
    return use();
  } finally {
    for (const fd of taken) closeSync(fd);
  }
}

const platforms: readonly (readonly [string, Platform])[] = [
  ['linux', new LinuxPlatform(await loadLibc())],
  ['linux without native calls', new LinuxPlatform(new NativeLibraryError('none'))],
];

if (isAlone) {
  // With few descriptors, so that using them up takes no time.
  for (const [name, platform] of platforms)
    it(`all is seen and killed: ${name}`, async () => {
      const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
      const pid = child.pid ?? 0;
      const self = platform.stat(process.pid) ?? assert.fail();
      exhausted(() => {
        assert.equal(platform.stat(pid)?.pid, pid);
        for (const thorough of [false, true]) assert.ok(platform.descendants([self], thorough).some((process) => process.pid === pid));
        assert.ok(platform.allProcesses().some((process) => process.pid === pid));
        assert.ok(platform.marksOf(pid));
        assert.ok(platform.isOwnedByUser(pid));
        assert.equal(platform.signal({ pid, startTime: 1 }, 'SIGKILL'), 'gone');
        assert.equal(platform.signal(platform.stat(pid) ?? assert.fail(), 'SIGKILL'), 'sent');
      });
      assert.equal(await ended, 'SIGKILL');
    });

  it('ps that cannot be run is no empty list', () => {
    const platform = new PortablePlatform('');
    exhausted(() => {
      assert.throws(() => platform.allProcesses(), ProcessTableError);
      assert.throws(() => platform.stat(process.pid), ProcessTableError);
    });
  });
} else {
  describe('with every descriptor used up', () => {
    it('all is seen and killed, and what is not seen is not taken for gone', () => {
      const line = 'ulimit -n 128 && exec "$@"';
      const test = spawnSync('/bin/sh', ['-c', line, 'sh', process.execPath, fileURLToPath(import.meta.url), '--alone'], {
        encoding: 'utf8',
        env: { ...process.env, NODE_TEST_CONTEXT: undefined },
        timeout: 60_000,
      });
      assert.equal(test.status, 0, test.stdout);
    });
  });
}

const one: ProcessStat = {
  ...{ pid: 7, startTime: 1, parent: 1, group: 7, session: 7, alive: true, stopped: false, name: 'p', threads: 1 },
  ...{ cpuMillis: 0, childrenCpuMillis: 0, memoryBytes: 0 },
};

describe('an escalation that cannot see', { skip: isAlone }, () => {
  const never = new AbortController().signal;
  const kill = [{ signal: 'SIGKILL' }] as const;

  it('does not believe that all are gone', async () => {
    const blind = (): never => {
      throw new ProcessTableError('blind');
    };
    assert.equal(await isGone({ alive: blind }), false);
    assert.equal(await isGone({ alive: () => [], aliveSoon: async () => blind() }), false);
    await assert.rejects(terminate({ alive: blind, signal: blind }, kill, never, 50), ProcessTableError);
  });

  it('goes on when it sees again, whatever it was about to do', async ({ mock }) => {
    // It has all the time that it takes, also where this process stands still meanwhile.
    mock.method(performance, 'now', () => 0);
    for (let blindLooks = 1; blindLooks < 30; blindLooks++) {
      let looks = 0;
      let lives = true;
      const look = (): void => {
        // It sees once in between.
        if (++looks % blindLooks !== 0) throw new ProcessTableError('blind');
      };
      const target = {
        alive: () => {
          if (blindLooks > 1) look();
          return lives ? [one] : [];
        },
        signal: (_process: unknown, signal: string) => {
          if (signal === 'SIGKILL') lives = false;
          return 'sent' as const;
        },
      };
      const seeing = setTimeout(() => {
        blindLooks = 1;
      }, 20);
      const started = blindLooks;
      assert.deepEqual((await terminate(target, kill, never)).survivors, []);
      assert.equal(lives, false);
      clearTimeout(seeing);
      blindLooks = started;
    }
  });

  it('lets other errors pass', async () => {
    const broken = (): never => {
      throw new TypeError('a defect');
    };
    await assert.rejects(isGone({ alive: broken }), TypeError);
  });
});
