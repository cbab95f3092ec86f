/** What `tree-warden events` tells of real processes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { writeProcesses } from '../support/declared.ts';
import { eventually, exitOf, Run } from '../support/run.ts';

interface Told {
  readonly time: string;
  readonly event: string;
  readonly name: string;
  readonly code?: number;
}

/** The whole lines. */
function told(text: string): Told[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Told);
}

describe('tree-warden events', () => {
  it('lists what has happened, in its order, also of what has ended with its warden', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, {
      api: { command: 'exit 3', restart: { when: 'on-failure', maxRestarts: 1, delay: '10ms' } },
      missing: { command: ['no-such-command'] },
      other: { command: 'true' },
    });
    run.call(['up']);
    const listed = (...args: string[]): string[] =>
      told(run.call(['events', '--json', ...args]).stdout).map(({ name, event }) => `${name} ${event}`);
    assert.deepEqual(listed('api'), [
      'api started',
      'api ready',
      'api ended',
      'api restart',
      'api started',
      'api ready',
      'api ended',
      'api gave-up',
    ]);
    assert.ok(listed().includes('other ended'));
    assert.deepEqual(listed('--since', '0s'), []);
    const all = told(run.call(['events', '--json', '--since', '1h', 'api']).stdout);
    // The end and what follows from it may be of the same millisecond.
    const { time: last = '' } = all.at(-1) ?? {};
    const newest = all.filter(({ time }) => time >= last).map(({ name, event }) => `${name} ${event}`);
    assert.equal(newest.at(-1), 'api gave-up');
    assert.deepEqual(listed('--since', last, 'api'), newest);
    assert.equal(all.find(({ event }) => event === 'ended')?.code, 3);
    assert.match(run.call(['events', 'api']).stdout, /^\d{4}-\S+Z {2}api {11}started {8}pid \d+: .*exit 3/m);
    assert.match(run.call(['events', 'api']).stdout, /^\S+ {2}api {11}ended {10}exited with code 3 \(after /m);
    assert.equal(run.call(['events', '--since', 'soon']).code, 2);
  });

  it('goes on with new ones, of wardens that are started later as well', async () => {
    await using run = new Run();
    writeProcesses(run.workFolder, { web: { command: 'sleep 1000' } });
    run.call(['run', '--name', 'before', '--', 'true']);
    const follow = run.start(['events', '--follow', '--json']);
    let text = '';
    follow.stdout?.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    // Each start is one that it can hear of; the first that it does shows that it listens.
    await eventually('it listens', () => {
      run.call(['run', '--name', 'first', '--', 'true']);
      return text.includes('first');
    });
    run.call(['up', '-d']);
    run.call(['down']);
    await eventually('the end is told', () => told(text).some(({ name, event }) => name === 'web' && event === 'ended'));
    assert.deepEqual(
      told(text).flatMap(({ name, event }) => (name === 'web' ? event : [])),
      ['started', 'ready', 'stopping', 'ended'],
    );
    assert.ok(!text.includes('before'));
    follow.kill('SIGTERM');
    await exitOf(follow);
  });
});
