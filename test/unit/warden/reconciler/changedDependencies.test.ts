/** Files that change while something waits, and an end of everything while something is to be started. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dependency } from '../../../../src/protocol/declare.ts';
import { DependencyWorld, type MadeUpName, newest, ready, running } from '../../../support/dependencyWorld.ts';

const restarted = (name: string): Dependency => ({ ...ready(name), restart: true });
const db: MadeUpName = { dependsOn: [] };
const waiting = { api: { dependsOn: [ready('db')] }, db };

describe('a file that changes while a start waits', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, MadeUpName>>, readonly string[], readonly string[]])[] = [
    ['launches what depends on nothing any more', { api: { dependsOn: [] }, db }, ['db', 'api'], []],
    [
      'has the new edge waited for, in the place of the old one',
      { api: { dependsOn: [ready('cache')] }, cache: { dependsOn: [] }, db },
      ['db'],
      [],
    ],
    ['starts what is declared by then', { ...waiting, api: { ...waiting.api, command: 'new' } }, ['db', 'new'], []],
    ['calls off what is not declared any more', { db }, ['db'], ["'api' was stopped meanwhile."]],
    ['goes on while what is waited for runs, declared or not', { api: waiting.api }, ['db', 'api'], []],
  ];
  for (const [behaviour, edited, launched, failures] of cases)
    it(behaviour, () =>
      running(waiting, async (world) => {
        await world.ask('start', 'api');
        await world.edit(edited);
        await world.spawned(newest(world, 'db'));
        await world.ready(newest(world, 'db'));
        assert.deepEqual(
          world.trees.map(({ request }) => request.argv[0]),
          launched,
        );
        assert.deepEqual(world.failures, failures);
        await world.settle([]);
      }),
    );

  it('fails what waits for a name that is gone', () =>
    running(waiting, async (world) => {
      await world.ask('start', 'api');
      await world.edit({ api: waiting.api });
      await world.spawned(newest(world, 'db'));
      await world.end(newest(world, 'db'), 'succeeded');
      assert.deepEqual(world.failures, ["'api' was not started: it needs 'db', which is not declared."]);
    }));

  it('has an edge passed on that is new', () =>
    running({ api: { dependsOn: [] }, db }, async (world) => {
      for (const name of ['api', 'db']) await world.ask('start', name);
      await world.settle([]);
      await world.edit({ api: { dependsOn: [restarted('db')] }, db });
      assert.deepEqual(world.launches, ['api', 'db'], 'nothing has been restarted yet');
      await world.ask('restart', 'db');
      await world.settle([]);
      assert.deepEqual(world.launches, ['api', 'db', 'db', 'api']);
    }));
});

it('a start of what cannot be resolved starts nothing of what that depends on', () =>
  running(waiting, async (world) => {
    await world.reconciler.declarations.declare({
      origin: 'another file',
      processes: [{ name: 'web', instances: 1, dependsOn: [ready('db')], problem: 'there is no such folder' }],
    });
    await world.ask('start', 'web');
    assert.deepEqual(world.failures, ['there is no such folder']);
    assert.deepEqual(world.launches, []);
  }));

/** What is under way when everything is ended. */
const underWay: Readonly<Record<string, readonly [Readonly<Record<string, MadeUpName>>, (world: DependencyWorld) => Promise<void>]>> = {
  'a pool is restarted, one instance after the other': [
    { api: { dependsOn: [], instances: 3 } },
    async (world) => {
      await world.ask('start', 'api');
      await world.settle([]);
      await world.ask('restart', 'api');
    },
  ],
  'a process is restarted': [
    { db },
    async (world) => {
      await world.ask('start', 'db');
      await world.settle([]);
      await world.ask('restart', 'db');
    },
  ],
  'a restart is about to be passed on': [
    { api: { dependsOn: [restarted('db')] }, db },
    async (world) => {
      await world.ask('start', 'api');
      await world.settle([]);
      await world.ask('restart', 'db');
      await world.end(newest(world, 'db'), 'succeeded');
      await world.spawned(newest(world, 'db'));
    },
  ],
  'a start waits for an end': [
    { api: { dependsOn: [{ name: 'db', condition: 'ended' }] }, db },
    async (world) => {
      await world.ask('start', 'api');
      await world.spawned(newest(world, 'db'));
    },
  ],
  'a start waits': [waiting, async (world) => world.ask('start', 'api')],
  'the next start of a process that has failed is to come': [
    { db: { dependsOn: [], restarts: true } },
    async (world) => {
      await world.ask('start', 'db');
      await world.settle([]);
      const tree = newest(world, 'db');
      Object.assign(tree, { state: 'failed', ended: true });
      world.reconciler.ended(tree as unknown as Parameters<typeof world.reconciler.ended>[0]);
    },
  ],
};

for (const isWarden of [true, false])
  describe(`the end of everything${isWarden ? ', and of the warden,' : ''} starts nothing where`, () => {
    for (const [what, [names, work]] of Object.entries(underWay))
      it(what, async () => {
        const world = new DependencyWorld(names);
        await world.declare();
        await work(world);
        const before = [...world.launches];
        await world.endAll(isWarden);
        assert.deepEqual(world.launches, before);
        assert.deepEqual(world.alive, []);
        assert.deepEqual(world.unanswered, []);
        assert.ok(world.reconciler.isIdle);
        world.reconciler.close();
      });
  });

it('after an end of everything, a name can be started again', () =>
  running(waiting, async (world) => {
    await world.ask('start', 'api');
    await world.settle([]);
    await world.endAll(false);
    await world.ask('start', 'api');
    await world.settle([]);
    assert.deepEqual(world.launches, ['db', 'api', 'db', 'api']);
  }));
