/** What follows changed files: which names are watched, and what is restarted, told or run. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WatchStatus } from '../../../../src/protocol/fileWatch.ts';
import { localizable } from '../../../../src/protocol/texts.ts';
import { type DependencyWorld, type MadeUpName, newest, ready, running } from '../../../support/dependencyWorld.ts';

const api: MadeUpName = { dependsOn: [], watch: {} };

async function change(world: DependencyWorld, name = 'api', ...files: readonly string[]): Promise<void> {
  const all = files.length > 0 ? files : ['src/a.ts'];
  world.files.listener.changed({ name, files: all, count: all.length });
  await world.rest();
}

/** Starts it, and has it run. */
async function started(world: DependencyWorld, name = 'api'): Promise<void> {
  await world.ask('start', name);
  await world.settle([]);
}

function statusOf(world: DependencyWorld, name = 'api'): WatchStatus {
  return world.reconciler.declarations.status.find((one) => one.name === name)?.watch ?? assert.fail('it is not watched');
}

describe('files', () => {
  it('are watched from a start to a stop, and an end of its own is none', () =>
    running({ api, web: { dependsOn: [] } }, async (world) => {
      assert.deepEqual([world.files.names, statusOf(world).state], [[], 'off']);
      await started(world);
      assert.deepEqual([world.files.names, statusOf(world).state], [['api'], 'watching']);
      await world.end(newest(world, 'api'), 'failed');
      assert.deepEqual(world.files.names, ['api']);
      await world.ask('stop', 'api');
      assert.deepEqual([world.files.names, statusOf(world).state], [[], 'off']);
      await started(world);
      const stopping = world.ask('stop', 'api');
      await world.settle([]);
      await stopping;
      assert.deepEqual(world.files.names, []);
      assert.equal(world.reconciler.declarations.status.find(({ name }) => name === 'web')?.watch, undefined);
    }));

  it('that change have it restarted, when nothing of the old tree is left', () =>
    running({ api }, async (world) => {
      await started(world);
      await change(world, 'api', 'src/a.ts', 'src/b.ts');
      assert.deepEqual(world.launches, ['api']);
      assert.equal(newest(world, 'api').isEnding, true);
      const { last } = statusOf(world);
      assert.deepEqual([last?.by, last?.file, last?.more], ['restart', 'src/a.ts', 1]);
      await world.end(newest(world, 'api'), 'succeeded');
      assert.deepEqual(world.launches, ['api', 'api']);
      await world.settle([]);
    }));

  it('that change while it restarts have it restarted once more at most', () =>
    running({ api }, async (world) => {
      await started(world);
      for (let count = 0; count < 5; count++) await change(world);
      await world.settle([]);
      assert.deepEqual(world.launches, ['api', 'api']);
    }));

  it('that change have it started again where it has ended by itself, and not where a user has stopped it', () =>
    running({ api }, async (world) => {
      await change(world);
      await started(world);
      await world.end(newest(world, 'api'), 'failed');
      await change(world);
      await world.settle([]);
      assert.deepEqual(world.launches, ['api', 'api']);
      await world.ask('stop', 'api');
      await world.settle([]);
      await change(world);
      assert.deepEqual(world.launches, ['api', 'api']);
    }));

  it('that change have it started where it could not be started', () =>
    running({ api }, async (world) => {
      await world.ask('start', 'api');
      await world.spawned(newest(world, 'api'), new Error('no such program'));
      assert.deepEqual([world.files.names, world.failures.length], [['api'], 1]);
      await change(world);
      await world.settle([]);
      assert.deepEqual(world.launches, ['api', 'api']);
    }));

  it('that change while it waits for another process are not acted on: it begins with them', () =>
    running({ api: { ...api, dependsOn: [ready('db')] }, db: { dependsOn: [] } }, async (world) => {
      await world.ask('start', 'api');
      await change(world);
      await world.settle([]);
      assert.deepEqual(world.launches, ['db', 'api']);
    }));

  it('are not watched while that is paused, and count from the moment on at which it is resumed', () =>
    running({ api }, async (world) => {
      await started(world);
      const [before] = world.files.watches;
      world.reconciler.declarations.setWatching({ name: 'api', paused: true });
      assert.deepEqual([world.files.names, statusOf(world).state], [[], 'paused']);
      await change(world);
      assert.deepEqual(world.launches, ['api']);
      await new Promise((resolve) => setTimeout(resolve, 5));
      world.reconciler.declarations.setWatching({ name: 'api', paused: false });
      const [after] = world.files.watches;
      assert.ok(before && after && after.since > before.since);
      assert.equal(world.files.forgiven, 1);
      assert.throws(() => world.reconciler.declarations.setWatching({ name: 'nothing', paused: true }), /No process 'nothing'/);
    }));

  it('that are not declared to be watched cannot be paused', () =>
    running({ web: { dependsOn: [] } }, async (world) => {
      assert.throws(() => world.reconciler.declarations.setWatching({ name: 'web', paused: true }), /No files are watched for 'web'/);
      await world.rest();
    }));

  it('are watched no longer after a loop or a failure, with one message, until that is resumed or declared anew', () =>
    running({ api }, async (world) => {
      await started(world);
      const problem = localizable('watchLoop', 'api', 'src/gen.ts', 10);
      world.files.listener.ended('api', true, problem);
      world.files.listener.ended('api', true, problem);
      assert.deepEqual([world.files.names, statusOf(world).state, world.alerts], [[], 'looping', [String(problem)]]);
      assert.equal(statusOf(world).problem, String(problem));
      world.reconciler.declarations.setWatching({ name: 'api', paused: false });
      assert.deepEqual([world.files.names, statusOf(world).state], [['api'], 'watching']);
      world.files.listener.ended('api', false, localizable('notWatched', 'api', 'no'));
      assert.deepEqual([world.files.names, statusOf(world).state], [[], 'failed']);
      await world.edit({ api: { ...api, watch: { patterns: ['src', '!src/gen.ts'] } } });
      assert.deepEqual(
        [world.files.watches.map(({ patterns }) => patterns), statusOf(world).state],
        [[['src', '!src/gen.ts']], 'watching'],
      );
      assert.deepEqual(world.launches, ['api']);
    }));

  it('are told of as held back while git is busy', () =>
    running({ api }, async (world) => {
      await started(world);
      world.files.listener.waits('api', 'merge');
      assert.equal(statusOf(world).waitsFor, 'merge');
      world.files.listener.waits('api', undefined);
      assert.equal(statusOf(world).waitsFor, undefined);
    }));

  it('do not count any more when the warden ends', () =>
    running({ api }, async (world) => {
      await started(world);
      world.reconciler.close();
      assert.deepEqual([world.files.names, statusOf(world).state], [[], 'off']);
      await change(world);
      assert.deepEqual(world.launches, ['api']);
      await world.end(newest(world, 'api'), 'succeeded');
    }));
});

describe('what depends on a process whose files have changed', () => {
  const chain = (dependents: boolean): Readonly<Record<string, MadeUpName>> => ({
    web: { dependsOn: [ready('api')] },
    api: { dependsOn: [ready('db')] },
    db: { dependsOn: [], watch: dependents ? { dependents: true } : {} },
    other: { dependsOn: [] },
  });

  it('is restarted with it on request, one after the other, however indirectly it depends on it', () =>
    running(chain(true), async (world) => {
      await started(world, 'web');
      await started(world, 'other');
      world.launches.length = 0;
      await change(world, 'db');
      await world.settle([]);
      assert.deepEqual(world.launches, ['db', 'api', 'web']);
      // A restart for another reason is not passed on.
      world.launches.length = 0;
      await world.ask('restart', 'db');
      await world.settle([]);
      assert.deepEqual(world.launches, ['db']);
    }));

  it('is not restarted later on for a change by which the process began', () =>
    running({ web: { dependsOn: [ready('db')] }, db: { dependsOn: [], restarts: true, watch: { dependents: true } } }, async (world) => {
      await world.ask('start', 'db');
      await world.spawned(newest(world, 'db'), new Error('no such program'));
      assert.deepEqual(world.files.names, ['db']);
      await change(world, 'db');
      await world.settle([]);
      await started(world, 'web');
      world.launches.length = 0;
      await world.end(newest(world, 'db'), 'failed');
      await world.settle([]);
      assert.deepEqual(world.launches, ['db']);
    }));

  it('is left alone without that', () =>
    running(chain(false), async (world) => {
      await started(world, 'web');
      world.launches.length = 0;
      await change(world, 'db');
      await world.settle([]);
      assert.deepEqual(world.launches, ['db']);
    }));
});

describe('a pool whose files change', () => {
  it('is restarted one instance after the other', () =>
    running({ api: { ...api, instances: 3 } }, async (world) => {
      await started(world);
      await change(world);
      for (const name of ['api', 'api#2', 'api#3']) {
        assert.deepEqual(
          world.alive.filter((tree) => tree.isEnding).map((tree) => tree.request.name),
          [name],
        );
        await world.end(newest(world, name), 'succeeded');
        await world.spawned(newest(world, name));
        assert.deepEqual(
          world.alive.filter((tree) => tree.isEnding),
          [],
          'the next one waits until this one is ready',
        );
        await world.ready(newest(world, name));
      }
      assert.deepEqual(world.launches.slice(3), ['api', 'api#2', 'api#3']);
    }));

  it('begins anew with the instance that does not become ready', () =>
    running({ api: { ...api, instances: 2 } }, async (world) => {
      await started(world);
      await change(world);
      await world.end(newest(world, 'api'), 'succeeded');
      await world.spawned(newest(world, 'api'));
      // It has a mistake, and the next change is its correction.
      await change(world);
      assert.equal(newest(world, 'api').isEnding, true);
      assert.equal(newest(world, 'api#2').isEnding, false);
      await world.settle([]);
      assert.deepEqual(world.launches, ['api', 'api#2', 'api', 'api', 'api#2']);
    }));
});

describe('changed files that lead to something else than a restart', () => {
  it('have a signal sent to the first process of each instance', () =>
    running({ api: { ...api, instances: 2, watch: { action: { by: 'signal', signal: 'SIGHUP' } } } }, async (world) => {
      await started(world);
      await change(world);
      assert.deepEqual(
        world.trees.map(({ signals }) => signals),
        [['SIGHUP'], ['SIGHUP']],
      );
      assert.deepEqual([world.launches, statusOf(world).last?.signal], [['api', 'api#2'], 'SIGHUP']);
    }));

  const codegen: MadeUpName = { ...api, watch: { action: { by: 'run', argv: ['gen', '${instance}'] } } };

  it('have a command run as a tree of its own, bounded, and once more where they change meanwhile', () =>
    running({ api: codegen }, async (world) => {
      await started(world);
      await change(world);
      await world.spawned(newest(world, 'api+watch'));
      const { request } = newest(world, 'api+watch');
      assert.deepEqual([request.argv, request.cwd, request.limits, request.onLimit], [['gen', '1'], '/', { timeMillis: 600_000 }, 'kill']);
      await change(world);
      await change(world);
      assert.deepEqual(world.launches, ['api', 'api+watch']);
      await world.end(newest(world, 'api+watch'), 'succeeded');
      assert.deepEqual(world.launches, ['api', 'api+watch', 'api+watch']);
      await world.spawned(newest(world, 'api+watch'));
      await world.end(newest(world, 'api+watch'), 'failed');
      assert.deepEqual(world.launches.length, 3);
      assert.deepEqual(world.alerts, ["The command that follows changed files of 'api' has failed: exited with code 3"]);
      assert.match(statusOf(world).problem ?? '', /exited with code 3/);
      await change(world);
      assert.equal(statusOf(world).problem, undefined);
      await world.settle(['api+watch']);
    }));

  it('have it ended when the process is stopped', () =>
    running({ api: codegen }, async (world) => {
      await started(world);
      await change(world);
      await world.spawned(newest(world, 'api+watch'));
      await change(world);
      await world.ask('stop', 'api');
      await world.settle([]);
      assert.deepEqual(world.alive, []);
      assert.deepEqual(world.launches, ['api', 'api+watch']);
      assert.deepEqual(world.alerts, []);
    }));

  it('have it run for a process that was stopped and started again while the command was still being ended', () =>
    running({ api: codegen }, async (world) => {
      await started(world);
      await change(world);
      const first = newest(world, 'api+watch');
      await world.spawned(first);
      await world.ask('stop', 'api');
      await world.end(newest(world, 'api'), 'succeeded');
      await world.ask('start', 'api');
      await world.spawned(newest(world, 'api'));
      await world.ready(newest(world, 'api'));
      assert.deepEqual([first.isEnding, first.ended], [true, false]);
      await change(world);
      await world.settle(['api+watch']);
      assert.deepEqual(world.launches, ['api', 'api+watch', 'api', 'api+watch']);
      assert.deepEqual(world.alerts, []);
    }));

  it('have no command run any more when the warden ends, and its end is no news', () =>
    running({ api: codegen }, async (world) => {
      await started(world);
      await change(world);
      await world.spawned(newest(world, 'api+watch'));
      await change(world);
      await world.endAll(true);
      assert.deepEqual([world.launches, world.alerts], [['api', 'api+watch'], []]);
    }));

  it('have nothing to do with a process that is declared by a similar name', () =>
    running({ api: codegen, 'api:watch': { dependsOn: [] } }, async (world) => {
      await started(world);
      await started(world, 'api:watch');
      await change(world);
      await world.settle(['api+watch']);
      assert.deepEqual([world.launches, world.alerts], [['api', 'api:watch', 'api+watch'], []]);
    }));

  it('say so where it cannot be started', () =>
    running({ api: codegen }, async (world) => {
      await started(world);
      await change(world);
      await world.spawned(newest(world, 'api+watch'), new Error('no such program'));
      assert.deepEqual(world.alerts, ["The command that follows changed files of 'api' has failed: no such program"]);
    }));
});
