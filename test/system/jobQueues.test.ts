/** The queue of a pool of jobs: what takes jobs out of it, and what becomes of it when its warden is killed. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connectToWarden } from '../../src/client/wardenClient.ts';
import { socketPath } from '../../src/records/records.ts';
import { linesOf, writeProcesses } from '../support/declared.ts';
import { assertNoJobLeft, held, listed, release, startJob, statesOf } from '../support/jobs.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';

describe('tree-warden jobs', () => {
  it('cancels one, clears the queue, and what stops the pool says what becomes of both', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { build: { command: held, jobs: 2 }, other: { command: ['true'], jobs: 1 } });
    const queue = (...names: readonly string[]): void => {
      for (const name of names) assert.equal(run.call(['job', '-d', 'build', name]).code, 0);
    };
    const begun = (...names: readonly string[]): Promise<unknown> =>
      eventually('they have begun', () => names.every((name) => linesOf(run, 'log').includes(`start ${name}`)));
    queue('a', 'b', 'c', 'd', 'e');
    await begun('a', 'b');
    const cancelled = run.call(['jobs', '--cancel', 'build+4', '--cancel', 'build+1']);
    assert.deepEqual(
      [cancelled.code, cancelled.stdout.includes('build+4: cancelled before it was started\n')],
      [0, true],
      cancelled.stderr,
    );
    await eventually('the next one has its turn', () => statesOf(run, 'build')['build+3'] === 'running');
    await begun('c');
    assert.equal(run.call(['jobs', '--cancel', 'build+4']).code, 1, 'it has ended already');
    assert.equal(run.call(['jobs', '--cancel', 'build+9']).code, 1);
    queue('f');
    assert.equal(run.call(['jobs', 'build', '--clear']).stdout, 'build: 2 jobs cancelled\n');
    assert.deepEqual([listed(run, 'build').running, listed(run, 'build').queued], [2, 0], 'what runs goes on');
    queue('g', 'h');
    const killed = run.call(['kill', 'build']);
    assert.deepEqual(killed.stdout.split('\n').filter(Boolean).toSorted(), [
      'build+2: stopped',
      'build+3: stopped',
      'build: 2 queued jobs cancelled',
    ]);
    queue('i', 'j', 'k');
    await begun('i', 'j');
    const down = run.call(['down']);
    assert.deepEqual([down.code, down.stdout.split('\n')[0]], [0, 'build: 1 queued job cancelled']);
    assert.equal(listed(run, 'build').running, 0);
    assert.deepEqual(
      linesOf(run, 'log').toSorted(),
      ['a', 'b', 'c', 'i', 'j'].map((name) => `start ${name}`),
      'what was cancelled has never run',
    );
    await assertNoJobLeft(run);
  });
});

describe('a pool of jobs whose warden is killed', () => {
  it('lists what a killed warden had in its queue, and queues it again; what it ran goes on and counts', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { build: { command: held, jobs: 1 } });
    for (const name of ['a', 'b', 'c']) run.call(['job', '-d', 'build', name]);
    const attached = startJob(run, 'build', 'd');
    // The warden knows it before the command has been told its name.
    await eventually('it is told that it waits', () =>
      attached.text().includes('build+4 is queued; 2 jobs are before it (1 running, 3 queued)'),
    );
    const [warden] = run.wardenPids();
    process.kill(warden ?? assert.fail('there is no warden'), 'SIGKILL');
    assert.equal(await exitOf(attached.child), 125);
    assert.match(attached.text(), /The background process was killed: build\+4 did not run, or is ended\./);
    await eventually('another one has taken over', () =>
      run.ps().some(({ name, warden: { pid } }) => name === 'build+1' && pid !== warden),
    );
    assert.deepEqual(statesOf(run, 'build'), { 'build+1': 'running', 'build+2': 'lost', 'build+3': 'lost' });
    const next = run.call(['job', '-d', 'build', 'e']);
    assert.match(next.stderr, /2 jobs of 'build' waited when the background process was killed, and did not run/);
    assert.equal(next.stdout, 'build+4\n');
    assert.equal(run.call(['jobs', 'build', '--requeue']).stdout, 'build+5\nbuild+6\n');
    const { running, queued, lost } = listed(run, 'build');
    assert.deepEqual([running, queued, lost], [1, 3, 0], 'what runs still takes the one place');
    for (const name of ['a', 'b', 'c', 'e']) release(run, name);
    await eventually('all have ended', () => linesOf(run, 'log').length === 8);
    assert.deepEqual(
      linesOf(run, 'log').filter((line) => line.startsWith('start')),
      ['start a', 'start e', 'start b', 'start c'],
    );
  });

  it('has what was lost queued again once, though two commands ask for it at the same time', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { build: { command: held, jobs: 1 } });
    for (const name of ['a', 'b', 'c', 'd']) run.call(['job', '-d', 'build', name]);
    const [warden] = run.wardenPids();
    process.kill(warden ?? assert.fail('there is no warden'), 'SIGKILL');
    await eventually('another one has taken over', () =>
      run.ps().some(({ name, warden: { pid } }) => name === 'build+1' && pid !== warden),
    );
    assert.match(run.call(['jobs', 'build']).stdout, /^build: 1 running; 3 jobs lost/m);
    const both = [0, 1].map(() => run.start(['jobs', 'build', '--requeue']));
    assert.deepEqual(await Promise.all(both.map(exitOf)), [0, 0]);
    const { queued, lost } = listed(run, 'build');
    assert.deepEqual([queued, lost], [3, 0]);
    for (const name of ['a', 'b', 'c', 'd']) release(run, name);
    await eventually('all have ended', () => listed(run, 'build').running === 0);
    assert.deepEqual(
      linesOf(run, 'log')
        .filter((line) => line.startsWith('start'))
        .toSorted(),
      ['start a', 'start b', 'start c', 'start d'],
    );
  });

  it('is told of with the same status by a command that does not know its place yet', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { build: { command: held, jobs: 1 } });
    assert.equal(run.call(['job', '-d', 'build', 'a']).code, 0);
    const [id = assert.fail('there is no warden')] = run.wardenIds();
    const client = await connectToWarden(socketPath(join(run.runtimeFolder, id)), 'test');
    const { pid: warden } = client.welcome;
    const { child, text } = startJob(run, 'build', 'b');
    await eventually('it is in the queue', async () => (await client.jobs.list('build')).length === 2);
    child.kill('SIGSTOP');
    process.kill(warden, 'SIGKILL');
    await eventually('it is dead', () => !isAlive(warden));
    child.kill('SIGCONT');
    assert.equal(await exitOf(child), 125, text());
    assert.match(text(), /The background process was killed[:;] (?:build\+2|the job) did not run, or is ended\.\n$/);
    client.dispose();
  });

  it('ends the job whose command waits for it, when it runs', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { build: { command: 'echo $$ >> pids; echo up; exec sleep 1000', jobs: 1 } });
    const attached = startJob(run, 'build');
    // Until then the command may not have been told of the start.
    await eventually('its output is printed', () => attached.text().includes('up'));
    process.kill(run.wardenPids()[0] ?? assert.fail(), 'SIGKILL');
    assert.equal(await exitOf(attached.child), 125);
    assert.match(attached.text(), /The background process was killed: build\+1 was ended\./);
    await eventually('nothing of it is left', () => !isAlive(Number(linesOf(run, 'pids')[0])));
    await eventually('it is not listed any more', () => run.ps().length === 0);
  });
});
