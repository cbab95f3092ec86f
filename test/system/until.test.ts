/** `up --until NAME`: a test run with all that it needs, whose status is that of the test. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { linesOf, service } from '../support/declared.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';

/** Says on one line of a common file when it ends after it was asked to, which it can be when it is ready. */
const servant = (name: string): object => ({ command: service(name, 'echo up;'), ready: { log: '^up$' } });

const project = {
  test: { command: 'echo tested; exit 7', dependsOn: { web: 'ready', migrate: 'succeeded' } },
  web: { ...servant('web'), dependsOn: ['api'] },
  api: { ...servant('api'), dependsOn: ['db'] },
  migrate: { command: 'exit 0', dependsOn: ['db'] },
  db: servant('db'),
  other: servant('other'),
};

function declare(run: Run, processes: Record<string, object>): void {
  mkdirSync(join(run.workFolder, '.vscode'), { recursive: true });
  writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes }));
}

const ends = (run: Run): string[] => linesOf(run, 'ends');

const withTest = (command: string | string[], more: object = {}): Record<string, object> => ({
  ...project,
  test: { ...project.test, command, ...more },
});

describe('up --until', () => {
  it('exits with the status of the process, after all others have ended in the reverse order', async () => {
    await using run = new Run();
    declare(run, project);
    const { code, stdout } = run.call(['up', '--until', 'test']);
    assert.equal(code, 7);
    assert.match(stdout, /^test +\| tested$/m);
    assert.match(stdout, /^db +\| 'test' has ended$/m);
    assert.doesNotMatch(stdout, /^other/m);
    // The migration has ended before, which has ended nothing.
    assert.deepEqual(ends(run), ['web', 'api', 'db']);
    assert.deepEqual([run.ps(), run.wardenIds(), await survivorsAfterLooking(run.workFolder)], [[], [], []]);
  });

  it('keeps every status as it is', async () => {
    await using run = new Run();
    const cases: [string | string[], object, number][] = [
      ['exit 0', {}, 0],
      ['kill -SEGV $$', {}, 139],
      [['no-such-command-here'], {}, 127],
      ['sleep 1000', { limits: { time: '200ms' } }, 124],
      [
        'echo x >> tries; test $(wc -l < tries) -ge 2 || exit 4; exit 5',
        { restart: { when: 'on-failure', maxRestarts: 1, delay: '10ms' } },
        5,
      ],
    ];
    for (const [command, more, status] of cases) {
      declare(run, withTest(command, more));
      assert.equal(run.call(['up', '--until', 'test']).code, status, JSON.stringify(command));
    }
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
  });

  it('has the status of the last of many runs, which follow each other while it cannot look', async () => {
    await using run = new Run();
    const restart = { when: 'on-failure', maxRestarts: 40, delay: '1ms', maxDelay: '1ms' };
    const command = 'echo x >> tries; until test -e go; do sleep 0.02; done; exit $((100 + $(wc -l < tries)))';
    declare(run, withTest(command, { restart }));
    const up = run.start(['up', '--until', 'test']);
    await eventually('the first run', () => linesOf(run, 'tries').length === 1);
    up.kill('SIGSTOP');
    writeFileSync(join(run.workFolder, 'go'), '');
    await eventually('the last run', () => linesOf(run, 'tries').length === 41);
    up.kill('SIGCONT');
    assert.equal(await exitOf(up), 141);
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
  });

  it('says what the process needs and does not get, with a status of its own', async () => {
    await using run = new Run();
    declare(run, { ...project, migrate: { ...project.migrate, command: 'exit 3' } });
    const { code, stderr } = run.call(['up', '--until', 'test']);
    assert.equal(code, 126);
    assert.match(stderr, /'test' was not started: it needs 'migrate' \(exited with code 3\)\./);
    assert.deepEqual(ends(run).at(-1), 'db');
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
  });

  it('goes on when what the process needed has ended meanwhile', async () => {
    await using run = new Run();
    declare(run, { ...withTest('touch begun; until test -e go; do sleep 0.02; done; exit 6') });
    const up = run.start(['up', '--until', 'test']);
    await eventually('the test runs', () => existsSync(join(run.workFolder, 'begun')));
    assert.equal(run.call(['kill', '--now', 'web']).code, 0);
    writeFileSync(join(run.workFolder, 'go'), '');
    assert.equal(await exitOf(up), 6);
    assert.deepEqual(ends(run), ['api', 'db']);
  });

  it('is never a success where it was interrupted', async () => {
    await using run = new Run();
    declare(run, withTest(`trap 'echo test >> ends; exit 0' TERM; touch begun; while :; do sleep 0.05; done`));
    for (const [signal, status] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const up = run.start(['up', '--until', 'test']);
      await eventually('the test runs', () => run.ps().some(({ name, state }) => name === 'test' && state === 'ready'));
      await eventually('it has begun', () => existsSync(join(run.workFolder, 'begun')));
      up.kill(signal);
      assert.equal(await exitOf(up), status);
    }
    assert.deepEqual(ends(run).slice(0, 4), ['test', 'web', 'api', 'db']);
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
  });

  it('can be interrupted before the process was started', async () => {
    await using run = new Run();
    declare(run, { ...project, migrate: { command: 'sleep 1000', dependsOn: ['db'] } });
    const up = run.start(['up', '--until', 'test']);
    await eventually('the migration runs', () => run.ps().some(({ name }) => name === 'migrate'));
    up.kill('SIGINT');
    assert.equal(await exitOf(up), 130);
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
  });

  it('waits for every instance, and starts what else is named', async () => {
    await using run = new Run();
    // Nothing needs the other one, so none waits until it is up.
    const command = 'until grep -q other starts; do sleep 0.02; done; sleep 0.$TREE_WARDEN_INSTANCE; exit $((TREE_WARDEN_INSTANCE - 1))';
    declare(run, withTest(command, { instances: 3 }));
    const { code, stdout } = run.call(['up', 'other', '--until', 'test']);
    assert.equal(code, 1);
    assert.match(stdout, /^test#3 +\| exited with code 2$/m);
    assert.ok(ends(run).includes('other'));
  });

  it('refuses what has no end', async () => {
    await using run = new Run();
    declare(run, { a: { command: 'true', restart: 'always' }, b: { command: 'true', lifetime: 'detached' } });
    for (const [args, message] of [
      [['a'], /'a' never ends for good: it has "restart": "always"/],
      [['b'], /'b' has "lifetime": "detached"/],
      [['c'], /declares no process 'c'/],
      [['a', '-d'], /without --detach/],
    ] as const) {
      const { code, stderr } = run.call(['up', '--until', ...args]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  });
});
