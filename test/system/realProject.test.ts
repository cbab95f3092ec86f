/**
 * A whole project, with real programs: PostgreSQL, Redis, a migration, an API, workers and Vite. It comes up in order, survives SIGKILL of each of its parts,
 * goes down in order, and is a test run of CI.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { ensureProjectPackages } from '../../src/build/projectPackages.ts';
import { projectPath, projectSkipReason, writeProject } from '../support/realProject.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { startTimeOf, survivorsAfterLooking } from '../support/survivors.ts';
import { testScope } from '../support/testScope.ts';

interface Seen {
  readonly pid: number;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  readonly readyAt: number;
}

/** What is ready, by name. */
function ready(run: Run): ReadonlyMap<string, Seen> {
  const trees = JSON.parse(run.call(['ps', '--json']).stdout) as (Seen & { name: string; state: string; leader: { pid: number } })[];
  return new Map(
    trees
      .filter(({ state }) => state === 'ready')
      .map(({ name, leader, startedAt, readyAt }) => [name, { pid: leader.pid, startedAt, readyAt }]),
  );
}

const parts = ['api', 'cache', 'db', 'web', 'worker', 'worker#2'];
/** What needs what, as the file declares it. */
const needs: readonly (readonly [string, string])[] = [
  ['api', 'db'],
  ['api', 'cache'],
  ['worker', 'db'],
  ['worker', 'cache'],
  ['worker#2', 'db'],
  ['worker#2', 'cache'],
  ['web', 'api'],
];
/** What is restarted with each part, as the file declares it. */
const restartedWith: Readonly<Record<string, readonly string[]>> = {
  cache: ['cache', 'worker', 'worker#2'],
  db: ['api', 'db', 'worker', 'worker#2'],
  api: ['api'],
  worker: ['worker'],
  web: ['web'],
};

function times(seen: ReadonlyMap<string, Seen>, name: string): Seen {
  const found = seen.get(name);
  assert.ok(found, `${name} is not ready`);
  return found;
}

/** Each of these began when the other one was ready. */
function assertOrder(seen: ReadonlyMap<string, Seen>, pairs: readonly (readonly [string, string])[]): void {
  for (const [later, earlier] of pairs)
    assert.ok(times(seen, later).startedAt >= times(seen, earlier).readyAt, `${later} began before ${earlier} was ready`);
}

const skip = testScope() === 'full' ? projectSkipReason : 'it takes half a minute: TREE_WARDEN_TESTS=full';

describe('a project with a database, a cache, an API, workers and a dev server', { skip }, () => {
  before(ensureProjectPackages);

  it('comes up in order, survives SIGKILL of each part, and goes down in order', async (context) => {
    await using run = new Run({ PATH: projectPath });
    writeProject(run.workFolder, run.folder);
    const up = run.start(['up']);
    let printed = '';
    up.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    const allReady = async (what: string): Promise<ReadonlyMap<string, Seen>> =>
      await eventually(what, () => {
        const seen = ready(run);
        return [...seen.keys()].sort().join() === parts.join() && seen;
      });
    let seen = await allReady('all are ready').catch((error: unknown) => assert.fail(`${String(error)}\n${printed}`));
    assertOrder(seen, needs);
    await eventually('the end of the migration is printed', () => /^migrate +\| exited with code 0$/m.test(printed));

    for (const [part, restarted] of Object.entries(restartedWith))
      await context.test(`SIGKILL of ${part} restarts ${restarted.join(', ')}`, async () => {
        const before = seen;
        const { pid } = times(before, part);
        assert.ok(startTimeOf(pid) > 0);
        process.kill(pid, 'SIGKILL');
        seen = await eventually(`${part} is there again`, () => {
          const now = ready(run);
          const isNew = (name: string): boolean => now.has(name) && now.get(name)?.pid !== before.get(name)?.pid;
          return now.size === parts.length && restarted.every(isNew) && now;
        });
        const same = parts.filter((name) => seen.get(name)?.pid === before.get(name)?.pid);
        assert.deepEqual(
          same,
          parts.filter((name) => !restarted.includes(name)),
        );
        assertOrder(
          seen,
          restarted.filter((name) => name !== part).map((name) => [name, part]),
        );
        const { code, stdout, stderr } = run.call(['run', '--', 'sh', '-c', `WEB_PORT=${portOf(run)} exec node tests.mjs`]);
        assert.equal(code, 0, stdout + stderr);
      });

    up.kill('SIGTERM');
    assert.equal(await exitOf(up), 0);
    const ends = run
      .journal()
      .filter(({ event }) => event === 'ended')
      .map(({ spec }) => spec)
      .slice(-parts.length);
    assert.deepEqual(ends.toSorted(), parts);
    // What needs another one has ended before it.
    for (const [later, earlier] of needs)
      assert.ok(ends.indexOf(later) < ends.indexOf(earlier), `${earlier} ended before ${later}: ${ends.join()}`);
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
  });

  it('is a test run: its status is that of the tests, and nothing is left', async () => {
    await using run = new Run({ PATH: projectPath });
    writeProject(run.workFolder, run.folder);
    for (const status of [0, 7]) {
      const { code, stdout, stderr } = run.call(['up', '--until', 'tests'], { env: { STATUS: String(status) } });
      assert.equal(code, status, stdout + stderr);
      assert.match(stdout, /^tests +\| 5 jobs are done$/m);
      assert.deepEqual([run.ps(), await survivorsAfterLooking(run.workFolder)], [[], []]);
    }
  });
});

/** Of the dev server, as its tree lists it. */
function portOf(run: Run): string {
  const [, port = ''] = run.call(['logs', 'web']).stdout.match(/127\.0\.0\.1:(\d+)/) ?? [];
  return port;
}
