/** How an exit is judged, with real processes: by code, by signal, by a limit, by a stop. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TreeState } from '../../src/protocol/snapshot.ts';
import type { StartRequest } from '../../src/protocol/startRequest.ts';
import { parseStop } from '../../src/protocol/stopSteps.ts';
import { withTimeEnough } from '../support/growingTimes.ts';
import { Run } from '../support/run.ts';
import { TestWarden } from '../support/warden.ts';

const lasting = 'while :; do sleep 0.02; done';
/** For what ends by itself when it is asked: on a busy machine, a kill would come first after a short grace. */
const stop = parseStop(['SIGTERM', '1m']);

describe('a process', () => {
  const cases: [string, string, Partial<StartRequest>, TreeState][] = [
    ['with exit code 0', 'exit 0', {}, 'succeeded'],
    ['with exit code 1', 'exit 1', {}, 'failed'],
    ['with an exit code that is a success', 'exit 3', { successExitCodes: [0, 3] }, 'succeeded'],
    ['with exit code 0 that is none', 'exit 0', { successExitCodes: [3] }, 'failed'],
    ['that a signal has ended', 'kill -TERM $$', {}, 'failed'],
    ['that a signal has ended whose shell status is a success', 'kill -KILL $$', { successExitCodes: [0, 137] }, 'failed'],
    ['on a terminal, with an exit code that is a success', 'exit 3', { stdio: 'pty', successExitCodes: [0, 3] }, 'succeeded'],
    ['that leaves others behind, which are ended', 'sleep 100 & exit 3', { successExitCodes: [3] }, 'succeeded'],
    ['that leaves others behind, which go on', 'sleep 0.3 & exit 3', { successExitCodes: [3], whenLeaderExits: 'keep' }, 'succeeded'],
    [
      'that was not ready in time',
      `trap 'exit 0' TERM; ${lasting}`,
      {
        ready: {
          check: { by: 'exec', argv: ['false'] },
          delayMillis: 0,
          periodMillis: 50,
          timeoutMillis: 1000,
          failureThreshold: 1,
          successThreshold: 1,
          deadlineMillis: 300,
        },
      },
      'failed',
    ],
  ];
  for (const [what, script, changes, state] of cases)
    it(`${what} has ${state}`, async () => {
      await using warden = await TestWarden.start();
      const { id } = await warden.startShell(script, changes);
      const ended = await warden.ended(id);
      assert.equal(ended.state, state, ended.reason);
    });

  it('that has reached its time limit has exited', async () => {
    await withTimeEnough(async (timeMillis) => {
      await using warden = await TestWarden.start();
      const { id } = await warden.startShell(`trap 'exit 0' TERM; echo up; ${lasting}`, { limits: { timeMillis }, stop });
      const ended = await warden.ended(id);
      if (!(await warden.output(id)).includes('up')) return 'too early';
      assert.equal(ended.state, 'exited', ended.reason);
      return undefined;
    });
  });

  for (const code of [0, 3])
    it(`that ends with code ${code} when it is stopped has neither failed nor succeeded`, async () => {
      await using warden = await TestWarden.start();
      const { id } = await warden.startShell(`trap 'exit ${code}' TERM; echo up; ${lasting}`, { successExitCodes: [0, 3], stop });
      await warden.output(id, (text) => text.includes('up'));
      const ended = await warden.stop(id);
      assert.deepEqual([ended.state, ended.exit?.code, ended.stopped], ['exited', code, true]);
    });

  it('that succeeds at once is not restarted for that, where its exit codes are declared', async () => {
    await using warden = await TestWarden.start();
    const restart = { when: 'on-failure', maxRestarts: 3, windowMillis: 60_000, delayMillis: 10, maxDelayMillis: 10 } as const;
    const { id } = await warden.startShell('exit 3', { successExitCodes: [3], restart });
    const ended = await warden.ended(id);
    assert.deepEqual([ended.state, ended.restarting, warden.alerts], ['succeeded', undefined, []]);
  });
});

describe('the command line', () => {
  const declare = (run: Run, processes: Record<string, object>): void => {
    mkdirSync(join(run.workFolder, '.vscode'), { recursive: true });
    writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes }));
  };

  const statuses: [string, Record<string, object>, number][] = [
    ['succeeds where all have', { a: { command: 'exit 3', successExitCodes: [0, 3] }, b: { command: 'exit 0' } }, 0],
    ['fails with the code that is none', { a: { command: 'exit 4', successExitCodes: [0, 3] } }, 4],
    ['fails though the code is 0', { a: { command: 'exit 0', successExitCodes: [3] } }, 1],
    [
      'goes on with what depends on a success',
      { a: { command: 'exit 3', successExitCodes: [3] }, b: { command: 'exit 5', dependsOn: { a: 'succeeded' } } },
      5,
    ],
  ];
  for (const [what, processes, status] of statuses)
    it(`of up ${what}`, async () => {
      await using run = new Run();
      declare(run, processes);
      const { code, stdout, stderr } = run.call(['up']);
      assert.equal(code, status, stdout + stderr);
    });

  const runs: [string[], number][] = [
    [['--success-exit-codes', '0,3', 'sh', '-c', 'exit 3'], 0],
    [['--success-exit-codes', '3', 'sh', '-c', 'exit 0'], 1],
    [['--success-exit-codes', '3', 'sh', '-c', 'exit 4'], 4],
    [['sh', '-c', 'exit 3'], 3],
  ];
  for (const [args, status] of runs)
    it(`of run ${args.slice(0, -1).join(' ')} “${args.at(-1)}” is ${status}`, async () => {
      await using run = new Run();
      assert.equal(run.call(['run', ...args]).code, status);
    });

  it('counts and lists what has succeeded by itself', async () => {
    await using warden = await TestWarden.start();
    for (const [name, script] of [
      ['good', 'exit 0'],
      ['bad', 'exit 1'],
    ] as const)
      await warden.ended((await warden.startShell(script, { name })).id);
    assert.match(warden.run.call(['ps', '--summary']).stdout, /^0 of 2 trees running, 1 succeeded, 1 failed;/);
    assert.match(warden.run.call(['ps', '--all']).stdout, /good +succeeded[^\n]*\n[^\n]*bad +failed/);
  });
});
