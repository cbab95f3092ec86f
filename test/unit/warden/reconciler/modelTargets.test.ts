/** Processes that depend on models, in a warden whose trees and models are made up. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dependency } from '../../../../src/protocol/declare.ts';
import type { ModelSnapshot, ModelState } from '../../../../src/protocol/models.ts';
import type { DependableModels } from '../../../../src/warden/reconciler/modelTargets.ts';
import { DependencyWorld, newest } from '../../../support/dependencyWorld.ts';

class MadeUpModels implements DependableModels {
  readonly info = { url: 'http://127.0.0.1:1', token: 'secret' };
  readonly loads: { readonly model: string; resolve(): void; reject(error: Error): void }[] = [];
  snapshots: readonly ModelSnapshot[] = [];
  #listener = (): void => undefined;

  onChange(listener: () => void): void {
    this.#listener = listener;
  }

  load(model: string): Promise<unknown> {
    return new Promise<void>((resolve, reject) => this.loads.push({ model, resolve, reject }));
  }

  /** It is declared, or has come to another state. */
  is(state: ModelState, reason = ''): void {
    this.snapshots = [{ name: 'coder', state, reason } as unknown as ModelSnapshot];
    this.#listener();
  }
}

async function withModel(
  work: (world: DependencyWorld, models: MadeUpModels) => Promise<void>,
  {
    dependsOn = [{ name: 'model:coder', condition: 'ready' }],
    restarts = false,
  }: { dependsOn?: readonly Dependency[]; restarts?: boolean } = {},
): Promise<void> {
  const world = new DependencyWorld({ web: { dependsOn, restarts } });
  const models = new MadeUpModels();
  world.reconciler.declarations.useModels(models);
  await world.declare();
  try {
    await work(world, models);
  } finally {
    await world.close();
  }
  assert.deepEqual(world.unanswered, []);
}

const waitsFor = ({ reconciler }: DependencyWorld): readonly string[] =>
  reconciler.declarations.status[0]?.waitsFor?.map(({ name }) => name) ?? [];

describe('a process that depends on a model', () => {
  it('is launched when the model is loaded, which its start sees to, and is told where it answers', async () => {
    await withModel(async (world, models) => {
      models.is('cold');
      await world.ask('start', 'web');
      assert.deepEqual([waitsFor(world), world.launches, models.loads.map(({ model }) => model)], [['model:coder'], [], ['coder']]);
      models.is('loading');
      await world.rest();
      assert.deepEqual(world.launches, []);
      models.is('ready');
      models.loads[0]?.resolve();
      await world.settle([]);
      assert.deepEqual(world.launches, ['web']);
      const { env } = newest(world, 'web')?.request ?? assert.fail();
      assert.deepEqual([env['OPENAI_BASE_URL'], env['OPENAI_API_KEY']], ['http://127.0.0.1:1/v1', 'secret']);
    });
  });

  it('that is to be started only is launched while it is being loaded', async () => {
    await withModel(
      async (world, models) => {
        models.is('cold');
        await world.ask('start', 'web');
        models.is('waiting');
        await world.rest();
        assert.deepEqual(world.launches, []);
        models.is('loading');
        await world.settle([]);
        assert.deepEqual(world.launches, ['web']);
      },
      { dependsOn: [{ name: 'model:coder', condition: 'started' }] },
    );
  });

  it('waits for one that is declared later', async () => {
    await withModel(async (world, models) => {
      await world.ask('start', 'web');
      assert.deepEqual([waitsFor(world), models.loads], [['model:coder'], []]);
      models.is('cold');
      assert.equal(models.loads.length, 1);
      models.is('ready');
      await world.settle([]);
      assert.deepEqual(world.launches, ['web']);
    });
  });

  it('does not load one that is there, and goes on where it is unloaded', async () => {
    await withModel(async (world, models) => {
      models.is('ready');
      await world.ask('start', 'web');
      await world.settle([]);
      models.is('cold');
      await world.rest();
      assert.deepEqual([world.launches, world.alive.length, models.loads], [['web'], 1, []]);
    });
  });

  it('is not started where it cannot be loaded, says why, and tries again at the next start', async () => {
    await withModel(async (world, models) => {
      models.is('cold');
      await world.ask('start', 'web');
      models.is('failed', 'its server exited with code 1');
      models.loads[0]?.reject(new Error("'coder' could not be loaded."));
      await world.rest();
      assert.deepEqual(world.failures, ["'web' was not started: it needs 'model:coder' (its server exited with code 1)."]);
      await world.ask('start', 'web');
      assert.deepEqual([models.loads.length, waitsFor(world)], [2, ['model:coder']]);
      models.is('ready');
      await world.settle([]);
      assert.deepEqual(world.launches, ['web']);
    });
  });

  it('has the first line of what went wrong where the model itself has no reason', async () => {
    await withModel(async (world, models) => {
      models.is('cold');
      await world.ask('start', 'web');
      models.loads[0]?.reject(new Error('The gateway has ended.\nIts last words.'));
      await world.rest();
      assert.deepEqual(world.failures, ["'web' was not started: it needs 'model:coder' (The gateway has ended.)."]);
    });
  });

  it('is called off by a stop while the model is being loaded', async () => {
    await withModel(async (world, models) => {
      models.is('cold');
      await world.ask('start', 'web');
      await world.ask('stop', 'web');
      models.is('ready');
      models.loads[0]?.resolve();
      await world.settle([]);
      assert.deepEqual(world.launches, []);
    });
  });

  it('that crashes after the model was unloaded has it loaded again, once', async () => {
    await withModel(
      async (world, models) => {
        models.is('ready');
        await world.ask('start', 'web');
        await world.settle([]);
        models.is('cold');
        await world.end(newest(world, 'web') ?? assert.fail(), 'failed');
        await world.settle([]);
        assert.deepEqual([waitsFor(world), models.loads.length], [['model:coder'], 1]);
        models.is('failed', 'exited');
        models.loads[0]?.reject(new Error('exited'));
        await world.settle([]);
        assert.deepEqual([waitsFor(world), models.loads.length], [['model:coder'], 1], 'one that fails is not tried over and over');
        models.is('ready');
        await world.settle([]);
        assert.deepEqual(world.launches, ['web', 'web']);
      },
      { restarts: true },
    );
  });

  it('that crashes has it loaded, where it could not be loaded once and was since', async () => {
    await withModel(
      async (world, models) => {
        models.is('cold');
        await world.ask('start', 'web');
        models.loads[0]?.reject(new Error('the machine was short of memory'));
        await world.rest();
        assert.equal(world.failures.length, 1);
        // A user loads it.
        models.is('ready');
        await world.ask('start', 'web');
        await world.settle([]);
        assert.deepEqual(world.launches, ['web']);
        models.is('cold');
        await world.end(newest(world, 'web'), 'failed');
        await world.settle([]);
        assert.equal(models.loads.length, 2);
        models.is('ready');
        await world.settle([]);
        assert.deepEqual(world.launches, ['web', 'web']);
      },
      { restarts: true },
    );
  });
});
