/** Commands that wait for a process, or ask whether it is ready, for scripts. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually, exitOf, Run, switchesOf } from '../support/run.ts';
import { isStopped } from '../support/survivors.ts';

function declare(run: Run, processes: Record<string, object>): void {
  mkdirSync(join(run.workFolder, '.vscode'), { recursive: true });
  writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes }));
}

function touch(run: Run, file: string): void {
  writeFileSync(join(run.workFolder, file), '');
}

/** Ready, or done, when the test says so. */
const server = { command: 'sleep 1000', ready: { exec: 'test -e listening', period: '50ms', failureThreshold: 1 } };
const job = { command: 'until test -s go; do sleep 0.02; done; exit $(cat go)' };

interface Waiting {
  readonly exit: Promise<number | null>;
  readonly text: () => string;
}

function startWait(run: Run, args: readonly string[]): Waiting {
  const child = run.start(['wait', ...args]);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text += chunk;
    });
  return { exit: exitOf(child), text: () => text };
}

/** `wait` has begun to follow a warden. */
async function followed(run: Run): Promise<void> {
  await eventually('it is followed', () =>
    run.journal().some(({ event, reason }) => event === 'client-connected' && reason === 'tree-warden wait'),
  );
  // Connected is not yet following: commands that come later are answered after it.
  for (let count = 0; count < 3; count++) run.ps();
}

describe('wait', () => {
  it('ends when the process is ready, whether it runs already or is started later', async () => {
    await using run = new Run();
    declare(run, { db: server });
    const early = startWait(run, ['db']);
    await eventually('it waits for one that is not known', () => early.text().includes("'db' has not been started yet"));
    run.start(['up']);
    await eventually('it runs', () => run.ps().length === 1);
    const late = startWait(run, ['db', '--until', 'ready', '--timeout', '0s']);
    assert.match(run.call(['wait', 'db', '--timeout', '300ms']).stderr, /^tree-warden: db: not ready after 300ms: starting/);
    touch(run, 'listening');
    assert.deepEqual([await early.exit, await late.exit], [0, 0]);
    assert.equal(late.text(), 'db: ready\n');
  });

  it('ends with the process, and says how that has ended', async () => {
    await using run = new Run();
    declare(run, { job, other: { command: 'sleep 1000' } });
    run.start(['up']);
    await eventually('they run', () => run.ps().length === 2);
    const waits = ['succeeded', 'ended', 'ready'].map((until) => startWait(run, ['job', '--until', until]));
    const [succeeded, ended, ready] = waits;
    assert.equal(await ready?.exit, 0);
    writeFileSync(join(run.workFolder, 'go'), '0');
    assert.deepEqual([await succeeded?.exit, await ended?.exit], [0, 0]);
    assert.equal(succeeded?.text(), 'job: exited with code 0\n');
    const both = run.call(['wait', 'job', 'other', '--until', 'ready']);
    assert.deepEqual([both.code, both.stderr], [1, 'tree-warden: job: exited with code 0\n']);
  });

  it('knows how one has ended whose warden has ended with it, while it waits for another one', async () => {
    await using run = new Run();
    for (const name of ['first', 'second'])
      run.start(['run', '--name', name, '--', 'sh', '-c', `until test -e ${name}; do sleep 0.02; done`]);
    await eventually('both run', () => run.ps().length === 2);
    const both = startWait(run, ['first', 'second', '--until', 'succeeded', '--timeout', '0s']);
    await followed(run);
    touch(run, 'first');
    await eventually('one warden has ended', () => run.wardenIds().length === 1);
    touch(run, 'second');
    assert.equal(await both.exit, 0, both.text());
    assert.equal(both.text(), 'first: exited with code 0\nsecond: exited with code 0\n');
  });

  it('fails at once where one has failed, of all that it waits for', async () => {
    await using run = new Run();
    declare(run, { job, db: server });
    run.start(['up']);
    await eventually('they run', () => run.ps().length === 2);
    const both = startWait(run, ['db', 'job', '--until', 'succeeded', '--timeout', '0s']);
    writeFileSync(join(run.workFolder, 'go'), '3');
    assert.equal(await both.exit, 1);
    assert.match(both.text(), /job: .*exited with code 3/);
    const ended = run.call(['wait', 'job', '--until', 'ended', '--json']);
    assert.equal(ended.code, 0);
    const [found] = JSON.parse(ended.stdout) as { name: string; state: string; tree: { exit: { code: number } } }[];
    assert.deepEqual([found?.name, found?.state, found?.tree.exit.code], ['job', 'failed', 3]);
  });

  it('goes on over a restart, and over a death of the warden of detached processes', async () => {
    await using run = new Run();
    declare(run, { job: { ...job, restart: { when: 'on-failure', delay: '100ms' } } });
    assert.equal(run.call(['up', '-d']).code, 0);
    const wait = startWait(run, ['job', '--until', 'ended', '--timeout', '0s']);
    await followed(run);
    writeFileSync(join(run.workFolder, 'go'), '3');
    await eventually('it was restarted', () => run.journal().some(({ event }) => event === 'restart'));
    rmSync(join(run.workFolder, 'go'));
    const before = await eventually('it runs again', () => run.ps().find(({ state }) => state === 'ready'));
    process.kill(before.warden.pid, 'SIGKILL');
    await eventually('another warden has it', () => run.ps().some(({ warden }) => warden.pid !== before.warden.pid));
    writeFileSync(join(run.workFolder, 'go'), '0');
    assert.equal(await wait.exit, 0);
    assert.equal(wait.text(), 'job: ended (exit status unknown)\n');
  });

  it('waits for the next warden of a detached process, however long that takes to start', async () => {
    await using run = new Run();
    declare(run, { job });
    assert.equal(run.call(['up', '-d']).code, 0);
    const wait = startWait(run, ['job', '--until', 'ended', '--timeout', '0s']);
    await followed(run);
    const before = await eventually('it runs', () => run.ps().find(({ state }) => state === 'ready'));
    const [successor = assert.fail('there is no switch')] = switchesOf(before.warden.pid);
    process.kill(successor, 'SIGSTOP');
    await eventually('what starts it is held', () => isStopped(successor));
    process.kill(before.warden.pid, 'SIGKILL');
    const lostAt = Date.now();
    await eventually('what is on no record is given up by then', () => Date.now() - lostAt > 5000);
    process.kill(successor, 'SIGCONT');
    await eventually('another warden has it', () => run.ps().some(({ warden }) => warden.pid !== before.warden.pid));
    writeFileSync(join(run.workFolder, 'go'), '0');
    assert.equal(await wait.exit, 0, wait.text());
    assert.equal(wait.text(), 'job: ended (exit status unknown)\n');
  });

  it('does not wait for what went with its warden', async () => {
    await using run = new Run();
    declare(run, { db: server });
    const up = run.start(['up']);
    await eventually('it runs', () => run.ps().length === 1);
    const wait = startWait(run, ['db', '--timeout', '0s']);
    await followed(run);
    const [warden = 0] = run.wardenPids();
    process.kill(warden, 'SIGKILL');
    assert.equal(await wait.exit, 1);
    assert.match(wait.text(), /db: its warden has ended/);
    await exitOf(up);
  });

  it('wants a state and a duration that there are', async () => {
    await using run = new Run();
    assert.deepEqual(
      [['wait'], ['wait', 'x', '--until', 'done'], ['wait', 'x', '--timeout', 'soon'], ['is-ready']].map((args) => run.call(args).code),
      [2, 2, 2, 2],
    );
  });
});

describe('is-ready', () => {
  it('says by its status whether a process is ready, is not, or does not run', async () => {
    await using run = new Run();
    declare(run, { db: server, web: { command: 'sleep 1000', dependsOn: ['db'] } });
    // Without it, the warden would end some seconds behind the others, and what it knows of them with it.
    const other = run.call(['run', '--detached', '--', 'sleep', '1000']).stdout.trim();
    const ask = (name: string): unknown[] => {
      const { code, stdout, stderr } = run.call(['is-ready', name]);
      return [code, stdout + stderr];
    };
    assert.deepEqual(ask('db'), [2, "tree-warden: 'db' does not run, and was not started before.\n"]);
    run.call(['up', '-d', '--timeout', '100ms']);
    const [code, text] = ask('db');
    assert.equal(code, 1);
    assert.match(String(text), /^tree-warden: db is not ready: starting/);
    assert.deepEqual(ask('web'), [1, 'tree-warden: web is not ready: waiting (waits for db)\n']);
    touch(run, 'listening');
    assert.equal(run.call(['wait', 'web']).code, 0);
    assert.deepEqual(ask('db'), [0, '']);
    rmSync(join(run.workFolder, 'listening'));
    await eventually('it is unhealthy', () => /db is not ready: unhealthy/.test(String(ask('db')[1])), 60_000);
    run.call(['down']);
    assert.deepEqual(ask('db'), [2, 'tree-warden: db is not ready: stopped (stopped by tree-warden down)\n']);
    assert.equal(run.call(['kill', other]).code, 0);
  });

  it('means every instance of a pool, or one of them', async () => {
    await using run = new Run();
    declare(run, { api: { command: 'sleep 1000', instances: 2, ready: { exec: 'test -e ready-${instance}', period: '50ms' } } });
    run.start(['up']);
    await eventually('they run', () => run.ps().length === 2);
    touch(run, 'ready-2');
    assert.equal(run.call(['wait', 'api#2']).stdout, 'api#2: ready\n');
    assert.equal(run.call(['is-ready', 'api#2']).code, 0);
    assert.match(run.call(['is-ready', 'api']).stderr, /^tree-warden: api#1 is not ready: starting.*\n$/);
    touch(run, 'ready-1');
    assert.equal(run.call(['wait', 'api']).stdout, 'api#1: ready\napi#2: ready\n');
  });
});
