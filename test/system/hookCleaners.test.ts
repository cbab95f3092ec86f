/** The commands of a stop where what runs them is interfered with: other cleaners, the end of a cleaner, records that cannot be changed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { selectPlatform } from '../../src/platform/select.ts';
import { claimName } from '../../src/records/recordFiles.ts';
import { readRecordFolder } from '../../src/records/records.ts';
import { reap } from '../../src/warden/ending/reaper.ts';
import { killAtOnce } from '../support/deaths.ts';
import { withTimeEnough } from '../support/growingTimes.ts';
import { HookProject, until } from '../support/hookProject.ts';
import { eventually, exitOf, switchesOf } from '../support/run.ts';
import { isAlive, survivorsAfterLooking } from '../support/survivors.ts';

/** Everything is killed at once. */
async function crash(project: HookProject): Promise<void> {
  const { owner, warden } = await project.up();
  killAtOnce(owner.pid, warden, ...switchesOf(warden));
  await eventually('they are dead', () => !isAlive(owner.pid) && !isAlive(warden));
}

/** The warden that a second `up` has started, which has no tree on record yet. */
async function secondWarden(project: HookProject): Promise<number> {
  return await eventually('there is another warden', () => project.run.wardenPids().find(isAlive));
}

describe('commands of a stop, run by a cleaner', () => {
  it('are waited for where the warden that runs them is to end', async () => {
    await withTimeEnough(async (millis) => {
      const first = `echo one >> ends; sleep ${millis / 1000}; echo two >> ends`;
      const second = 'echo three >> ends; sleep 0.3; echo four >> ends';
      await using project = new HookProject({
        stop: [
          { run: first, timeout: '5m' },
          { run: second, timeout: '5m' },
        ],
      });
      await crash(project);
      const again = project.run.start(['up']);
      await eventually('they have begun', () => project.written() !== '');
      again.kill('SIGTERM');
      await exitOf(again);
      await project.noneIsLeft();
      // They were over before the signal had come.
      if (project.written('starts') !== 'up\n') return 'too early';
      assert.equal(project.written(), 'one\ntwo\nthree\nfour\n');
      return undefined;
    });
  });

  it('are run by another one where the warden that runs them is killed, and leave nothing', async () => {
    await using project = new HookProject({
      stop: [{ run: `echo begun >> ends; (setsid tail -f idle &); ${until('go')}; echo done >> ends`, timeout: '5m' }],
    });
    await crash(project);
    const again = project.run.start(['up']);
    await eventually('they have begun', () => project.written() !== '');
    const warden = await secondWarden(project);
    killAtOnce(again.pid, warden);
    await eventually('they have begun again', () => project.written() === 'begun\nbegun\n');
    project.letGo('go');
    await project.noneIsLeft();
    assert.equal(project.written(), 'begun\nbegun\ndone\n');
  });

  it('that have ended are not run again by the next one', async () => {
    await using project = new HookProject({
      stop: [{ run: 'echo one >> ends' }, { run: `echo two >> ends; ${until('go')}; echo three >> ends`, timeout: '5m' }],
    });
    const { run } = project;
    await crash(project);
    run.start(['sweep']);
    await eventually('the second one has begun', () => project.written().includes('two'));
    killAtOnce(project.claimant());
    const next = run.start(['sweep']);
    await eventually('the second one has begun again', () => project.written() === 'one\ntwo\ntwo\n');
    project.letGo('go');
    assert.equal(await exitOf(next), 0);
    assert.equal(project.written(), 'one\ntwo\ntwo\nthree\n');
    await project.noneIsLeft();
  });

  it('of a detached process are not taken for that process', async () => {
    const stop = [{ run: 'echo begun >> ends; sleep 5; echo done >> ends', timeout: '5m' }];
    await using project = new HookProject({ lifetime: 'detached', stop });
    const { run } = project;
    assert.equal(run.call(['up', '--detach']).code, 0);
    const tree = await eventually('it is ready', () => run.ps().find(({ state }) => state === 'ready'));
    killAtOnce(tree.warden.pid, tree.leader.pid);
    run.start(['sweep']);
    await eventually('they have begun', () => project.written() !== '');
    assert.doesNotMatch(run.call(['sweep']).stdout, /guarded again/);
    await project.noneIsLeft();
    assert.equal(project.written(), 'begun\ndone\n');
  });

  it('do not keep the tree from being ended where the stop has very many steps', async () => {
    await using project = new HookProject({ stop: ['SIGTERM', ...Array.from({ length: 200 }, () => '1ms'), { run: 'echo done >> ends' }] });
    await crash(project);
    assert.equal(project.run.call(['sweep']).code, 0);
    await project.noneIsLeft();
    assert.equal(project.written(), 'done\n');
  });

  it('print no more into the log than is bounded', async () => {
    await using project = new HookProject({ stop: [{ run: 'head -c 9000000 /dev/zero; echo done >> ends', timeout: '5m' }] });
    await crash(project);
    assert.equal(project.run.call(['sweep']).code, 0);
    assert.equal(project.written(), 'done\n');
    const folder = join(project.run.folder, 'state', 'tree-warden', 'logs');
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
    assert.ok(Math.max(...sizes) < 2 ** 21 && Math.max(...sizes) > 2 ** 19, String(sizes));
  });
});

it('a further kill ends the command of a stop that is run behind a kill', async () => {
  await using project = new HookProject({ onStop: { run: 'echo begun >> ends; sleep 30; echo done >> ends', timeout: '1m' } });
  const { owner } = await project.up();
  const first = project.run.start(['kill', '--now', 'it']);
  await eventually('it has begun', () => project.written() !== '');
  project.run.call(['kill', '--now', 'it']);
  await exitOf(first);
  await exitOf(owner);
  assert.equal(project.written(), 'begun\n');
  assert.deepEqual(await survivorsAfterLooking(project.run.workFolder), []);
});

it('a tree whose record cannot be claimed is ended all the same, and its commands stay on record', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'tw-claim-')), '12345678');
  const child = spawn('sleep', ['100'], { stdio: 'ignore' });
  try {
    const platform = await selectPlatform();
    const [self, stat] = [platform.stat(process.pid), platform.stat(child.pid ?? 0)];
    assert.ok(self && stat);
    const tree = '11111111-1111-4111-8111-111111111111';
    const { pid, startTime } = stat;
    const shared = { format: 1, bootId: platform.bootId, startedAt: 0 } as const;
    const warden = {
      warden: '12345678',
      process: { pid, startTime: 1 },
      version: '',
      workspace: '',
      window: '',
      lifetime: 'managed',
      homes: [],
    };
    const commands = { cwd: '/', env: {}, log: null, stop: [{ run: ['true'], timeoutMillis: 1000 }] };
    const none = { leader: null, group: null, session: null, containment: 'group', container: null, detached: null } as const;
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, 'warden.json'), JSON.stringify({ ...shared, ...warden }));
    writeFileSync(
      join(folder, `${tree}.tree.json`),
      JSON.stringify({ ...shared, ...none, tree, name: 'it', commands, members: [{ pid, startTime }] }),
    );
    // A folder in the place of the claim: no file can be renamed to it.
    const found = readRecordFolder(folder);
    mkdirSync(join(folder, claimName(tree, self), 'full'), { recursive: true });
    const { trees } = await reap(platform, found);
    assert.deepEqual(
      trees.map(({ name, killed, problem }) => [name, killed, String(problem)]),
      [['it', 1, 'its commands were not run, because its record cannot be changed']],
    );
    await exitOf(child);
    assert.ok(readdirSync(folder).includes(`${tree}.tree.json`));
  } finally {
    child.kill('SIGKILL');
    rmSync(join(folder, '..'), { recursive: true });
  }
});
