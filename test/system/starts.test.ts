/** Starts side by side, and everything by which the command line may end: each has a reason. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { randomFrom } from '../support/random.ts';
import { cli, eventually, exitOf, Run } from '../support/run.ts';
import { startSideBySide } from '../support/starts.ts';
import { isStopped, survivorsAfterLooking } from '../support/survivors.ts';

describe('many starts side by side', () => {
  it('all run their command, whatever other wardens come and go', async () => {
    await using run = new Run();
    assert.deepEqual(await startSideBySide(run, 48, 16), []);
  });

  it('end with 143 at a SIGTERM at any moment, with nothing left', async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = randomFrom(seed);
    await using run = new Run();
    const statuses: unknown[] = [];
    const loop = async (): Promise<void> => {
      for (let number = 0; number < 4; number++) {
        const child = run.start(['run', '--', 'sleep', '30']);
        // Before its handlers, during its warden's start, or when the command runs: at random, so no event will do.
        await sleep(random() * 800);
        child.kill('SIGTERM');
        statuses.push((await exitOf(child)) ?? child.signalCode);
      }
    };
    await Promise.all(Array.from({ length: 8 }, loop));
    // Before there is a handler, the system's own end.
    assert.deepEqual(
      [...new Set(statuses)].filter((status) => status !== 143 && status !== 'SIGTERM'),
      [],
      `seed ${seed}`,
    );
    await eventually('nothing is left', async () => (await survivorsAfterLooking(run.folder)).length === 0);
  });

  it('do not run their command when SIGTERM came first', async () => {
    for (;;) {
      await using run = new Run();
      const child = run.start(['run', '--', 'touch', 'started']);
      // Node itself handles SIGTERM from its start.
      await eventually('it handles signals', () => handles(child.pid, constants.signals.SIGUSR2));
      // Held, it hears of its warden no sooner than of the signal: where that one is not there by then, nothing can have been started.
      child.kill('SIGSTOP');
      await eventually('it is held', () => isStopped(child.pid));
      child.kill('SIGTERM');
      child.kill('SIGCONT');
      // Its warden answers when it is on record: where it is not yet, its answer was not behind the signal either.
      const isFirst = run.wardenPids().length === 0;
      const status = await exitOf(child);
      await eventually('nothing is left', async () => (await survivorsAfterLooking(run.folder)).length === 0);
      // On a busy machine, it may have come as far as that before this process saw its handlers.
      if (!isFirst) continue;
      assert.equal(status, 143);
      assert.ok(!existsSync(join(run.workFolder, 'started')));
      return;
    }
  });
});

/** Whether a process has a handler for a signal: proc(5), `SigCgt`. */
function handles(pid: number, signal: number): boolean {
  const [, mask = '0'] = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^SigCgt:\s*(\w+)/m) ?? [];
  return (BigInt(`0x${mask}`) & (1n << BigInt(signal - 1))) !== 0n;
}

describe('the end of the command line', () => {
  const ending = fileURLToPath(new URL('../../src/cli/ending.ts', import.meta.url));
  const cases: [string, string, number, RegExp][] = [
    ['a promise that is never settled', 'new Promise(() => {})', 125, /^tree-warden: It has ended before its work was done: /],
    [
      'an error that nothing catches',
      'new Promise(() => setImmediate(() => { throw new Error("oops"); }))',
      125,
      /^tree-warden: It has failed:\n.*oops/,
    ],
    ['a status', 'Promise.resolve(7)', 7, /^$/],
  ];
  for (const [what, work, code, stderr] of cases) {
    it(`has a status and a reason: ${what}`, () => {
      const script = `import { endWith } from ${JSON.stringify(ending)}; endWith(${work});`;
      const { status, stderr: said } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
      assert.equal(status, code, said);
      assert.match(said, stderr);
    });
  }

  it('says that stdout is full', async () => {
    await using run = new Run();
    const line = `${process.execPath} ${cli} doctor > /dev/full`;
    const { status, stderr } = spawnSync('sh', ['-c', line], { cwd: run.workFolder, env: run.env, encoding: 'utf8' });
    assert.deepEqual({ status, stderr }, { status: 1, stderr: 'tree-warden: Cannot write to stdout: no space left on device (ENOSPC).\n' });
  });

  it('has the status of the work where nobody reads stderr', async () => {
    await using run = new Run();
    const child = spawn(process.execPath, [cli, 'kill', 'nothing'], {
      cwd: run.workFolder,
      env: run.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.destroy();
    assert.equal(await exitOf(child), 1);
  });

  it('is silent when a reader of a list has had enough', async () => {
    await using run = new Run();
    const child = spawn(process.execPath, [cli, 'doctor'], { cwd: run.workFolder, env: run.env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    assert.deepEqual({ code: await exitOf(child), stderr }, { code: 0, stderr: '' });
  });
});
