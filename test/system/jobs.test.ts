/** Jobs, from the command line: order, results, and that a job ends with the command that waits for it. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { linesOf, writeProcesses } from '../support/declared.ts';
import { assertNoJobLeft, held, listed, release, startJob, statesOf } from '../support/jobs.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';

describe('tree-warden job', () => {
  it('runs the command with its arguments as they are, in the folder where it was called, and passes on output and status', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, {
      line: { command: 'printf "<%s>" "$@"; pwd; exit 3', jobs: 1 },
      list: { command: ['printf', '[%s]'], jobs: 1, cwd: '.vscode' },
      none: { command: ['no-such-command'], jobs: 1 },
      limited: { command: 'sleep 1000', jobs: 1, limits: { time: '300ms' } },
    });
    mkdirSync(join(run.workFolder, 'sub'));
    const odd = ['a b', '$HOME', '*', "it's", '', '--detach', '${instance}'];
    const { stdout, code } = run.call(['job', 'line', '--', ...odd], { cwd: join(run.workFolder, 'sub') });
    assert.deepEqual([stdout, code], [`${odd.map((one) => `<${one}>`).join('')}${join(run.workFolder, 'sub')}\n`, 3]);
    assert.equal(run.call(['job', 'list', 'x', '--', 'y']).stdout, '[x][--][y]', 'only the first -- is no argument');
    assert.equal(run.call(['job', 'none']).code, 127);
    const over = run.call(['job', 'limited']);
    assert.deepEqual([over.code, /time limit/.test(over.stderr)], [124, true], over.stderr);
    assert.equal(run.call(['job', 'other']).code, 2);
    assert.equal(run.call(['up', 'line']).code, 2);
    // A pool has a run in its history for each job.
    const runs = JSON.parse(run.call(['runs', 'line', '--json']).stdout) as { name: string; args: string; exit: { code: number } }[];
    assert.deepEqual(
      runs.map(({ name, args, exit }) => [name, args.includes('a b'), exit.code]),
      [['line+1', true, 3]],
    );
    await assertNoJobLeft(run);
  });

  it('prints all of what a fast job prints', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { count: { command: ['seq'], jobs: 1 } });
    const { stdout, stderr } = run.call(['job', 'count', '400000']);
    assert.equal(stdout.length, Array.from({ length: 400_000 }, (_, index) => `${index + 1}\n`).join('').length, stderr);
  });

  it('runs so many at a time in the order in which they came, and refuses more than the queue takes', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { build: { command: held, jobs: { maxConcurrent: 2, maxQueued: 2 } } });
    const queue = (name: string): string => run.call(['job', '--detach', 'build', name]).stdout.trim();
    const first = queue('a');
    // Of two that run at the same time, either may be the first to write.
    await eventually('the first has begun', () => linesOf(run, 'log').includes('start a'));
    const names = [first, ...['b', 'c', 'd'].map(queue)];
    assert.deepEqual(names, ['build+1', 'build+2', 'build+3', 'build+4']);
    const refused = run.call(['job', '-d', 'build', 'e']);
    assert.deepEqual([refused.code, refused.stdout], [75, '']);
    assert.match(refused.stderr, /its queue is full \(2 of 2\)/);
    await eventually('the second one is spawned', () => statesOf(run, 'build')['build+2'] === 'running');
    const { running, queued, jobs } = listed(run, 'build');
    assert.deepEqual([running, queued, jobs.map(({ state }) => state)], [2, 2, ['running', 'running', 'queued', 'queued']]);
    assert.match(run.call(['jobs']).stdout, /^build\+4 +queued .* d +1 before it$/m);
    await eventually('the second has begun', () => linesOf(run, 'log').includes('start b'));
    release(run, 'b');
    await eventually('the next one has its turn', () => linesOf(run, 'log').includes('start c'));
    for (const name of ['a', 'c', 'd']) release(run, name);
    // A warden without work lives for some seconds only, and is not asked again.
    const ended = await eventually('all have ended', () => {
      const found = listed(run, 'build');
      return found.running === 0 && found.queued === 0 && found;
    });
    assert.deepEqual(
      linesOf(run, 'log').filter((line) => line.startsWith('start')),
      ['start a', 'start b', 'start c', 'start d'],
    );
    assert.deepEqual(
      ended.jobs.map((one) => [one.name, one.state, one.arguments, one.exit?.code]),
      names.map((name, index) => [name, 'succeeded', 'abcd'[index], 0]),
    );
  });

  it('waits for a place in the queue where that is declared, in its order', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { build: { command: held, jobs: { maxConcurrent: 1, maxQueued: 1, whenFull: 'wait' } } });
    for (const name of ['a', 'b']) run.call(['job', '-d', 'build', name]);
    const third = startJob(run, '-d', 'build', 'c');
    await eventually('it waits', () => listed(run, 'build').waiting === 1);
    assert.equal(third.text(), '', 'what is not in the queue is not promised');
    release(run, 'a');
    assert.equal(await exitOf(third.child), 0);
    assert.equal(third.text(), 'build+3\n');
    for (const name of ['b', 'c']) release(run, name);
    await eventually('all have ended', () => linesOf(run, 'log').includes('end c'));
  });

  it('ends with its command: out of the queue, or with all that it runs', async () => {
    await using run = new Run();
    const daemon = 'echo $$ >> pids; (setsid sh -c "echo \\$\\$ >> pids; exec sleep 1000" &); sleep 1000; : "$@"';
    writeProcesses(run.workFolder, { build: { command: daemon, jobs: 1 } });
    const first = startJob(run, 'build', 'first');
    await eventually('both processes are there', () => linesOf(run, 'pids').length === 2);
    const second = startJob(run, 'build', 'second');
    const third = startJob(run, 'build', 'third');
    await eventually('they wait', () => listed(run, 'build').queued === 2);
    await eventually('that is told', () =>
      /build\+2 is queued; it is the next one \(1 running, \d queued\)/.test(second.text() + third.text()),
    );
    third.child.kill('SIGINT');
    assert.equal(await exitOf(third.child), 130);
    second.child.kill('SIGKILL');
    await eventually('nothing waits any more', () => listed(run, 'build').queued === 0);
    first.child.kill('SIGKILL');
    const ended = await eventually('nothing runs any more', () => {
      const found = listed(run, 'build');
      return found.running === 0 && found;
    });
    assert.deepEqual(
      linesOf(run, 'pids').filter((pid) => isAlive(Number(pid))),
      [],
    );
    assert.deepEqual(ended.jobs.map(({ name, state }) => `${name} ${state}`).toSorted(), [
      'build+1 exited',
      'build+2 cancelled',
      'build+3 cancelled',
    ]);
    await assertNoJobLeft(run);
  });
});
