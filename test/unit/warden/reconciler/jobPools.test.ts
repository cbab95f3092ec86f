/** Pools of jobs in the reconciler of a warden whose trees are made up: what races and failures come to. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reasonOf } from '../../../../src/protocol/errorReasons.ts';
import type { JobSettings, JobSnapshot } from '../../../../src/protocol/jobs.ts';
import type { ProcessTemplate } from '../../../../src/protocol/processTemplate.ts';
import type { JobKey } from '../../../../src/records/jobFiles.ts';
import type { JobRecorder } from '../../../../src/warden/reconciler/jobRecorder.ts';
import type { Tree } from '../../../../src/warden/trees/tree.ts';
import { DependencyWorld, type MadeUpTree } from '../../../support/dependencyWorld.ts';

const template = { argv: ['make'], env: { DECLARED: '1' }, cwd: '/', stop: [] } as unknown as ProcessTemplate;

/** A disk that is done when the test says so, and what is on it: number and file. */
class MadeUpDisk implements JobRecorder {
  readonly kept: string[] = [];
  #writing: (() => void)[] = [];

  async queued({ origin }: JobKey, { number }: { readonly number: number }): Promise<void> {
    this.kept.push(`${number} in ${origin}`);
    await new Promise<void>((resolve) => this.#writing.push(resolve));
  }

  left({ origin }: JobKey, number: number): void {
    const at = this.kept.indexOf(`${number} in ${origin}`);
    if (at >= 0) this.kept.splice(at, 1);
  }

  done(): void {
    for (const resolve of this.#writing.splice(0)) resolve();
  }
}

class JobWorld extends DependencyWorld {
  readonly disk: MadeUpDisk;

  constructor(disk = new MadeUpDisk()) {
    super({}, undefined, disk);
    this.disk = disk;
  }

  async declareJobs(jobs: Partial<JobSettings> | undefined, file = 'file'): Promise<void> {
    const settings: JobSettings = { maxConcurrent: 1, maxQueued: 10, whenFull: 'reject', ...jobs };
    const processes = jobs === undefined ? [] : [{ name: 'build', instances: 1, template, jobs: settings }];
    await this.reconciler.declarations.declare({ origin: 'file', file, processes });
    await this.rest();
  }

  async submit(arg: string): Promise<{ readonly job: JobSnapshot; abandon(): void }> {
    const submitted = await this.reconciler.declarations.jobs.submit({ pool: 'build', args: [arg], env: { DECLARED: '0', OWN: '2' } });
    await this.rest();
    return submitted;
  }

  /** Its place is on the disk when this resolves. */
  async submitDetached(arg: string): Promise<void> {
    const submitting = this.reconciler.declarations.jobs.submit({ pool: 'build', args: [arg], detached: true });
    await this.rest();
    this.disk.done();
    await submitting;
    await this.rest();
  }

  get states(): string[] {
    return this.reconciler.declarations.jobs
      .list('build')
      .map(({ state, end }) => (end === undefined ? state : `ended: ${Object.keys(end)[0]}`));
  }

  tree(index: number): MadeUpTree {
    return this.trees[index] ?? assert.fail(`there is no tree ${index}`);
  }

  async cancel(job: string): Promise<JobSnapshot> {
    const cancelling = this.reconciler.declarations.jobs.cancel({ job, now: false, reason: 'the test' });
    await this.rest();
    return await Promise.race([cancelling, this.rest().then(() => ({ state: 'unanswered' }) as unknown as JobSnapshot)]);
  }
}

async function inWorld(jobs: Partial<JobSettings>, work: (world: JobWorld) => Promise<void>): Promise<void> {
  const world = new JobWorld();
  await world.declareJobs(jobs);
  try {
    await work(world);
  } finally {
    world.reconciler.close();
    await world.settle([]);
  }
}

describe('a pool of jobs in the warden', () => {
  it('starts a job with its arguments behind those of the command, and the declared environment above its own', () =>
    inWorld({}, async (world) => {
      await world.submit('${instance}');
      const { argv, env, name, pool } = world.tree(0).request;
      assert.deepEqual([argv, name, pool], [['make', '${instance}'], 'build+1', 'build']);
      assert.deepEqual(env, { DECLARED: '1', OWN: '2', TREE_WARDEN_INSTANCE: '1', TREE_WARDEN_JOB: '1' });
    }));

  it('goes on with the next job when one could not be started', () =>
    inWorld({}, async (world) => {
      await world.submit('a');
      await world.submit('b');
      await world.spawned(world.tree(0), new Error('no'));
      assert.deepEqual(world.states, ['ended: failure', 'starting']);
    }));

  it('stops a job that is cancelled while it is being started, as soon as there is something to stop', () =>
    inWorld({}, async (world) => {
      await world.submit('a');
      await world.submit('b');
      assert.equal((await world.cancel('build+1')).state, 'unanswered');
      await world.spawned(world.tree(0));
      assert.equal(world.tree(0).isEnding, true);
      assert.equal(world.trees.length, 1, 'its place is taken until nothing of it is left');
      await world.end(world.tree(0), 'succeeded');
      assert.deepEqual(world.states, ['ended: tree', 'starting']);
    }));

  it('cancels what its client has left, and lets a job that has ended be', () =>
    inWorld({}, async (world) => {
      const first = await world.submit('a');
      const second = await world.submit('b');
      await world.spawned(world.tree(0));
      second.abandon();
      first.abandon();
      await world.rest();
      assert.equal(world.tree(0).isEnding, true);
      await world.end(world.tree(0), 'succeeded');
      first.abandon();
      assert.deepEqual(world.states, ['ended: tree', 'ended: cancelled']);
    }));

  it('runs what was queued as it was declared then, at the number of now', () =>
    inWorld({}, async (world) => {
      for (const arg of ['a', 'b', 'c']) await world.submit(arg);
      await world.declareJobs({ maxConcurrent: 2 });
      assert.equal(world.trees.length, 2);
      await world.declareJobs(undefined);
      await assert.rejects(world.submit('d'), /no file declares 'build' any more/);
      for (const index of [0, 1]) await world.spawned(world.tree(index));
      await world.end(world.tree(0), 'succeeded');
      assert.equal(world.trees.length, 3, 'what waits runs, also where it is declared no more');
      await world.spawned(world.tree(2));
      for (const index of [1, 2]) await world.end(world.tree(index), 'succeeded');
      await assert.rejects(world.submit('d'), /No pool of jobs 'build' is declared/, 'and then it is forgotten');
    }));

  it('is neither started, restarted nor scaled', () =>
    inWorld({}, async (world) => {
      const { declarations } = world.reconciler;
      const refused = /'build' was not started: it is a pool of jobs/;
      await assert.rejects(declarations.start({ name: 'build' }), refused);
      await assert.rejects(declarations.restart({ name: 'build', reason: 'x' }), refused);
      await assert.rejects(declarations.scale({ name: 'build', instances: 2, reason: 'x' }), refused);
      await world.submit('a');
      await world.spawned(world.tree(0));
      const restarting = world.reconciler.restart(world.tree(0) as unknown as Tree, { reason: 'x', now: false });
      await assert.rejects(restarting, /'build\+1' was not restarted: a job runs once/);
    }));

  it('keeps a warden busy as long as any job is not done', () =>
    inWorld({}, async (world) => {
      assert.equal(world.reconciler.isIdle, true);
      await world.submit('a');
      assert.equal(world.reconciler.isIdle, false);
      await world.spawned(world.tree(0));
      await world.end(world.tree(0), 'failed');
      assert.equal(world.reconciler.declarations.hasArmed, false);
    }));

  it('starts nothing any more when the warden ends', () =>
    inWorld({}, async (world) => {
      for (const arg of ['a', 'b']) await world.submit(arg);
      await world.spawned(world.tree(0));
      await world.endAll(true);
      assert.equal(world.trees.length, 1);
      assert.deepEqual(world.states, ['ended: tree', 'ended: cancelled']);
      await assert.rejects(world.submit('c'), /shutting down/);
    }));

  it('leaves nothing on the disk of a job that is cancelled while its place in the queue is written there', () =>
    inWorld({ maxQueued: 1, whenFull: 'wait' }, async (world) => {
      for (const arg of ['runs', 'queued', 'waits']) await world.submitDetached(arg);
      await world.spawned(world.tree(0));
      assert.deepEqual(world.disk.kept, ['2 in file']);
      await world.end(world.tree(0), 'succeeded');
      assert.deepEqual([world.states.at(-1), world.disk.kept], ['waiting', ['3 in file']], 'its place is being written');
      await world.cancel('build+3');
      world.disk.done();
      await world.rest();
      assert.deepEqual([world.states.at(-1), world.disk.kept], ['ended: cancelled', []]);
    }));

  it('takes a job from the file that it was queued under, also where the pool is of another one by then', () =>
    inWorld({}, async (world) => {
      for (const arg of ['runs', 'cancelled', 'next']) await world.submitDetached(arg);
      await world.spawned(world.tree(0));
      await world.declareJobs({}, 'other');
      await world.cancel('build+2');
      await world.end(world.tree(0), 'succeeded');
      assert.deepEqual(world.disk.kept, []);
      assert.deepEqual(world.tree(1).request.history, { origin: 'file', name: 'build' });
    }));

  it('queues a lost job again once, and once more where that was cancelled', () =>
    inWorld({}, async (world) => {
      const { jobs } = world.reconciler.declarations;
      const requeue = (lost: string) => jobs.submit({ pool: 'build', args: [], lost });
      await world.submit('runs');
      await requeue('7 1000');
      await requeue('8 1000');
      await assert.rejects(requeue('7 1000'), (error) => reasonOf(error) === 'alreadyQueued');
      await world.cancel('build+2');
      await requeue('7 1000');
      assert.deepEqual(world.states, ['starting', 'ended: cancelled', 'queued', 'queued']);
    }));

  it('is told of before what ran under its name when that was no pool, and the other way round', async () => {
    const world = new JobWorld();
    const first = () => world.reconciler.declarations.status.map(({ jobs, origin }) => [jobs ? 'pool' : 'process', origin]);
    const plain = [{ name: 'build', instances: 1, template }];
    await world.reconciler.declarations.declare({ origin: 'file', processes: plain });
    await world.ask('start', 'build');
    await world.spawned(world.tree(0));
    await world.declareJobs({});
    assert.deepEqual(first(), [
      ['pool', 'file'],
      ['process', undefined],
    ]);
    await world.submit('a');
    await world.spawned(world.tree(1));
    await world.end(world.tree(0), 'succeeded');
    await world.reconciler.declarations.declare({ origin: 'file', processes: plain });
    assert.deepEqual(first(), [
      ['process', 'file'],
      ['pool', undefined],
    ]);
    world.reconciler.close();
    await world.settle([]);
  });

  it('remembers a job that took long before others that ended before it', () =>
    inWorld({ maxConcurrent: 2 }, async (world) => {
      await world.submit('long');
      await world.spawned(world.tree(0));
      for (let count = 0; count < 100; count++) {
        await world.submit('short');
        // One that could not be spawned is not listed.
        await world.spawned(world.tree(1), new Error('no'));
      }
      await world.end(world.tree(0), 'succeeded');
      const names = world.reconciler.declarations.jobs.list('build').map(({ name }) => name);
      assert.deepEqual([names.length, names[0], names[1]], [100, 'build+1', 'build+3']);
    }));

  it('clears a long queue in less time than it took to fill it', () =>
    inWorld({ maxQueued: 10_000 }, async (world) => {
      const { jobs } = world.reconciler.declarations;
      const begun = process.cpuUsage();
      for (let count = 0; count < 10_000; count++) await jobs.submit({ pool: 'build', args: [] });
      const filled = process.cpuUsage(begun);
      const full = process.cpuUsage();
      assert.equal(jobs.clear({ pool: 'build', reason: 'the test' }).length, 9999);
      const cleared = process.cpuUsage(full);
      assert.ok(cleared.user < filled.user, `${cleared.user} µs, after ${filled.user} µs`);
      assert.deepEqual(world.states.length, 101, 'the one that runs, and as many as are remembered');
    }));

  it('remembers no more ended jobs than it may', () =>
    inWorld({ maxConcurrent: 64 }, async (world) => {
      for (let count = 0; count < 150; count++) {
        await world.submit('a');
        // One that could not be spawned is not listed.
        await world.spawned(world.tree(0), new Error('no'));
      }
      assert.equal(world.states.length, 100);
    }));
});
