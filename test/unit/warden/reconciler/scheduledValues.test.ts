/** Names with a schedule, or run for a saved file, whose runs need values that a client gives at the start. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NeededValues } from '../../../../src/protocol/startVariables.ts';
import { RequestError } from '../../../../src/warden/requestError.ts';
import { type DependencyWorld, type MadeUpName, newest, ready, running } from '../../../support/dependencyWorld.ts';

const minute = 60_000;
const job: MadeUpName = { dependsOn: [], schedule: {}, command: '${input:x}' };
const db: MadeUpName = { dependsOn: [], command: '${secret:key}' };
const needsX = "'job' was not started: it needs a value for ${input:x}, which only its editor or tree-warden up can ask for.";

async function neededBy(starting: Promise<unknown>): Promise<readonly NeededValues[] | undefined> {
  const error = await starting.then(
    () => assert.fail('it was not refused'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof RequestError);
  return error.data?.needed;
}

const argvOf = (world: DependencyWorld, name = 'job'): readonly string[] => newest(world, name).request.argv;
const isArmed = (world: DependencyWorld): boolean | undefined =>
  world.reconciler.declarations.status.find(({ name }) => name === 'job')?.schedule?.isArmed;

async function runAtNextTime(world: DependencyWorld): Promise<void> {
  await world.pass(minute);
  await world.settle(['job']);
}

describe('a scheduled process that needs values', () => {
  it('waits for no time without them, and has them at each', () =>
    running({ job }, async (world) => {
      const { declarations } = world.reconciler;
      for (const schedule of ['arm', undefined] as const)
        assert.deepEqual(await neededBy(declarations.start({ name: 'job', ...(schedule && { schedule }) })), [
          { name: 'job', variables: ['input:x'] },
        ]);
      assert.deepEqual([isArmed(world), world.launches], [false, []]);
      const values = { job: { 'input:x': '${instance}' } };
      assert.equal((await declarations.start({ name: 'job', schedule: 'arm', values })).armed, true);
      for (const count of [1, 2]) {
        await runAtNextTime(world);
        assert.deepEqual([world.launches.length, argvOf(world)], [count, ['${instance}']]);
      }
    }));

  it('that waits already is asked for nothing by what has it wait, and again by what runs it now', () =>
    running({ job }, async (world) => {
      const { declarations } = world.reconciler;
      await world.ask('start', 'job', { values: { job: { 'input:x': '1' } } });
      assert.equal((await declarations.start({ name: 'job', schedule: 'arm' })).armed, true);
      assert.ok(await neededBy(declarations.start({ name: 'job' })));
      await world.ask('start', 'job', { values: { job: { 'input:x': '2' } } });
      await world.settle(['job']);
      assert.deepEqual(argvOf(world), ['2']);
      await runAtNextTime(world);
      assert.deepEqual([world.launches.length, argvOf(world)], [2, ['2']], 'the newest answer counts from then on');
    }));

  it('gives what it needs the value of that, also where that has ended meanwhile', () =>
    running({ db, job: { ...job, dependsOn: [ready('db')] } }, async (world) => {
      const { declarations } = world.reconciler;
      const values = { job: { 'input:x': '1' }, db: { 'secret:key': 'k' } };
      assert.deepEqual(await neededBy(declarations.start({ name: 'job', values: { job: values.job } })), [
        { name: 'db', variables: ['secret:key'] },
      ]);
      await world.ask('start', 'job', { values });
      await runAtNextTime(world);
      assert.deepEqual([world.launches, argvOf(world, 'db')], [['db', 'job'], ['k']]);
      await world.ask('stop', 'db');
      await world.settle([]);
      await runAtNextTime(world);
      assert.deepEqual([world.launches, argvOf(world, 'db')], [['db', 'job', 'db', 'job'], ['k']]);
    }));

  it('says once what a newer declaration needs, and runs again when that is given', () =>
    running({ job: { ...job, command: 'x' } }, async (world) => {
      await world.ask('start', 'job');
      await world.edit({ job });
      for (const _ of [1, 2]) await world.pass(minute);
      assert.deepEqual([world.launches, world.alerts, isArmed(world)], [[], [needsX], true]);
      const { failures } = world.reconciler.declarations.status[0] ?? {};
      assert.deepEqual(
        failures?.map(({ message }) => message),
        [needsX],
      );
      await world.ask('start', 'job', { values: { job: { 'input:x': '1' } } });
      await world.settle(['job']);
      await runAtNextTime(world);
      assert.deepEqual([world.launches.length, argvOf(world)], [2, ['1']]);
    }));

  it('has no values any more once no file declares it', () =>
    running({ job }, async (world) => {
      await world.ask('start', 'job', { values: { job: { 'input:x': '1' } } });
      await world.edit({});
      await world.edit({ job });
      assert.equal(isArmed(world), false);
      assert.ok(await neededBy(world.reconciler.declarations.start({ name: 'job', schedule: 'run', trigger: 'save' })));
    }));
});

describe('a process that is run for a saved file and needs values', () => {
  it('is asked for them once, and has the newest of those that are known without a question', () =>
    running({ job: { dependsOn: [], command: '${input:x} ${secret:key}' } }, async (world) => {
      const save = { schedule: 'run', trigger: 'save' } as const;
      const { declarations } = world.reconciler;
      assert.deepEqual(await neededBy(declarations.start({ name: 'job', ...save, values: { job: { 'secret:key': 'old' } } })), [
        { name: 'job', variables: ['input:x'] },
      ]);
      await world.ask('start', 'job', { ...save, values: { job: { 'input:x': '1', 'secret:key': 'old' } } });
      await world.settle(['job']);
      await world.ask('start', 'job', { ...save, values: { job: { 'secret:key': 'new' } } });
      await world.settle(['job']);
      assert.deepEqual([world.launches.length, argvOf(world)], [2, ['1 new']]);
      assert.ok(await neededBy(declarations.start({ name: 'job' })), 'a user is asked again');
    }));
});

describe('an instance more of a process that needs values', () => {
  it('has those of the last start, and says what a newer declaration needs', () =>
    running({ job: { dependsOn: [], command: '${input:x}' } }, async (world) => {
      const { declarations } = world.reconciler;
      await world.ask('start', 'job', { values: { job: { 'input:x': '1' } } });
      await world.settle([]);
      const scaling = declarations.scale({ name: 'job', instances: 2, reason: 'the test' });
      await world.rest();
      await world.settle([]);
      assert.deepEqual([(await scaling).failures, argvOf(world, 'job#2')], [[], ['1']]);
      await world.edit({ job: { dependsOn: [], command: '${input:x} ${input:y}' } });
      const { failures } = await declarations.scale({ name: 'job', instances: 3, reason: 'the test' });
      assert.deepEqual(
        failures.map(({ message }) => message),
        ["'job#3' was not started: it needs a value for ${input:y}, which only its editor or tree-warden up can ask for."],
      );
    }));
});
