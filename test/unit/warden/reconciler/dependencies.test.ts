/** A launch waits for what it depends on, in any order of wishes and of what happens. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dependency, DependencyCondition, NameStatus } from '../../../../src/protocol/declare.ts';
import { inStartOrder } from '../../../../src/protocol/startOrder.ts';
import { type InstanceFact, type Verdict, verdictOn } from '../../../../src/warden/reconciler/dependencies.ts';
import { DependencyWorld, type MadeUpName, type MadeUpTree, newest, ready, running } from '../../../support/dependencyWorld.ts';
import { randomFrom, seedFor } from '../../../support/random.ts';
import { eventually } from '../../../support/run.ts';

describe('a condition', () => {
  const cases: readonly (readonly [DependencyCondition, string, Verdict])[] = [
    ['started', '', 'pending'],
    ['started', 'idle', 'pending'],
    ['started', 'coming', 'pending'],
    ['started', 'started', 'met'],
    ['started', 'succeeded', 'met'],
    ['started', 'stopped', 'pending'],
    ['started', 'failed', 'barred'],
    ['ready', 'started', 'pending'],
    ['ready', 'ready', 'met'],
    ['ready', 'ready started', 'pending'],
    ['ready', 'ready ready', 'met'],
    ['ready', 'ready failed', 'barred'],
    ['ready', 'succeeded', 'pending'],
    ['succeeded', 'ready', 'pending'],
    ['succeeded', 'succeeded succeeded', 'met'],
    ['succeeded', 'stopped', 'pending'],
    ['succeeded', 'failed', 'barred'],
    ['ended', 'failed', 'met'],
    ['ended', 'succeeded failed stopped', 'met'],
    ['ended', 'succeeded ready', 'pending'],
    ['ended', 'idle', 'pending'],
    ['ended', 'unstarted', 'barred'],
    ['started', 'unstarted', 'barred'],
  ];
  for (const [condition, facts, verdict] of cases)
    it(`${condition} is ${verdict} by ${facts || 'nothing'}`, () =>
      assert.equal(verdictOn(condition, facts.split(' ').filter(Boolean) as InstanceFact[]), verdict));
});

describe('the order of starts', () => {
  it('has each name behind what it depends on, and enters a circle once', () => {
    const graph: Record<string, string[]> = { api: ['db', 'migrate'], migrate: ['db'], web: ['api'], a: ['b'], b: ['a'] };
    const order = (...names: string[]): string[] =>
      inStartOrder(names, { dependenciesOf: (name) => (graph[name] ?? []).map((one) => ({ name: one })) });
    assert.deepEqual(order('web'), ['db', 'migrate', 'api', 'web']);
    assert.deepEqual(order('migrate', 'web'), ['db', 'migrate', 'api', 'web']);
    assert.deepEqual(order('a'), ['b', 'a']);
  });

  it('of a chain of ten thousand is found', () => {
    const next = (name: string): { name: string }[] => (name === '0' ? [] : [{ name: String(Number(name) - 1) }]);
    assert.equal(inStartOrder(['10000'], { dependenciesOf: next }).length, 10_001);
  });
});

const succeeded = (name: string): Dependency => ({ name, condition: 'succeeded' });

const statusOf = (world: DependencyWorld, name: string): NameStatus =>
  world.reconciler.declarations.status.find((one) => one.name === name) ?? assert.fail(`${name} is not declared`);
const waits = (world: DependencyWorld, name: string): readonly string[] => statusOf(world, name).waitsFor?.map((one) => one.name) ?? [];

describe('a start', () => {
  it('starts what it depends on, and waits for it', () =>
    running(
      { api: { dependsOn: [ready('db'), succeeded('migrate')] }, migrate: { dependsOn: [ready('db')] }, db: { dependsOn: [] } },
      async (world) => {
        await world.ask('start', 'api');
        assert.deepEqual(world.launches, ['db']);
        assert.deepEqual(waits(world, 'api'), ['db', 'migrate']);
        await world.spawned(newest(world, 'db'));
        assert.deepEqual(world.launches, ['db'], 'it is started, and not ready');
        await world.ready(newest(world, 'db'));
        assert.deepEqual(world.launches, ['db', 'migrate']);
        assert.deepEqual(waits(world, 'api'), ['migrate']);
        await world.spawned(newest(world, 'migrate'));
        await world.end(newest(world, 'migrate'), 'succeeded');
        assert.deepEqual(world.launches, ['db', 'migrate', 'api']);
        assert.deepEqual(waits(world, 'api'), []);
        await world.spawned(newest(world, 'api'));
        assert.deepEqual(world.failures, []);
      },
    ));

  it('fails with what it depends on, and succeeds when it is tried again', () =>
    running({ api: { dependsOn: [succeeded('migrate')] }, migrate: { dependsOn: [] } }, async (world) => {
      await world.ask('start', 'api');
      await world.spawned(newest(world, 'migrate'));
      await world.end(newest(world, 'migrate'), 'failed');
      assert.deepEqual(world.failures, ["'api' was not started: it needs 'migrate' (exited with code 3)."]);
      assert.equal(statusOf(world, 'api').failures?.[0]?.message, world.failures[0]);
      await world.ask('start', 'api');
      assert.deepEqual(world.launches, ['migrate', 'migrate']);
      await world.spawned(newest(world, 'migrate'));
      await world.end(newest(world, 'migrate'), 'succeeded');
      await world.spawned(newest(world, 'api'));
      assert.equal(world.failures.length, 1);
    }));

  it('fails with what cannot be spawned', () =>
    running({ api: { dependsOn: [ready('db')] }, db: { dependsOn: [] } }, async (world) => {
      await world.ask('start', 'api');
      await world.spawned(newest(world, 'db'), new Error('no such command'));
      assert.match(world.failures.join(), /'api' was not started: it needs 'db' \(could not be started\)\./);
      assert.deepEqual(world.launches, ['db']);
    }));

  it('is called off by a stop, and what it has started is left', () =>
    running({ api: { dependsOn: [ready('db')] }, db: { dependsOn: [] } }, async (world) => {
      await world.ask('start', 'api');
      await world.ask('stop', 'api');
      assert.match(world.failures.join(), /stopped/);
      assert.equal(statusOf(world, 'api').failures, undefined, 'that is no failure');
      await world.spawned(newest(world, 'db'));
      await world.ready(newest(world, 'db'));
      assert.deepEqual(world.launches, ['db']);
    }));

  it('of what depends on something unknown is refused', () =>
    running({ api: { dependsOn: [ready('db')] } }, async (world) => {
      await world.ask('start', 'api');
      assert.deepEqual(world.failures, ["'api' was not started: it needs 'db', which is not declared."]);
    }));

  it('by a request of its own waits for nothing: it has no dependencies', () =>
    running({ api: { dependsOn: [ready('db')] }, db: { dependsOn: [] } }, async (world) => {
      const started = world.reconciler.start({ name: 'api', stop: [] } as unknown as Parameters<typeof world.reconciler.start>[0]);
      await world.rest();
      assert.deepEqual(world.launches, ['api']);
      await world.spawned(newest(world, 'api'));
      await started;
    }));

  it('waits for all instances', () =>
    running({ api: { dependsOn: [ready('db')] }, db: { dependsOn: [], instances: 2 } }, async (world) => {
      await world.ask('start', 'api');
      for (const tree of [...world.trees]) await world.spawned(tree);
      await world.ready(newest(world, 'db'));
      assert.deepEqual(world.launches, ['db', 'db#2']);
      await world.ready(newest(world, 'db#2'));
      assert.deepEqual(world.launches, ['db', 'db#2', 'api']);
    }));
});

describe('a restart', () => {
  it('by itself waits until what it depends on is back', () =>
    running({ api: { dependsOn: [ready('db')], restarts: true }, db: { dependsOn: [] } }, async (world) => {
      await world.ask('start', 'api');
      await world.settle([]);
      await world.end(newest(world, 'db'), 'failed');
      await world.end(newest(world, 'api'), 'failed');
      await world.settle([]);
      assert.deepEqual(world.launches, ['db', 'api']);
      assert.deepEqual(waits(world, 'api'), ['db']);
      await world.ask('start', 'db');
      await world.settle([]);
      assert.deepEqual(world.launches, ['db', 'api', 'db', 'api']);
    }));

  it('is passed on where the edge says so, when the new one is ready, and once', () =>
    running(
      { api: { dependsOn: [{ ...ready('db'), restart: true }] }, log: { dependsOn: [ready('db')] }, db: { dependsOn: [] } },
      async (world) => {
        await world.ask('start', 'api');
        await world.ask('start', 'log');
        await world.settle([]);
        const api = newest(world, 'api');
        await world.ask('restart', 'db');
        await world.end(newest(world, 'db'), 'succeeded');
        await world.spawned(newest(world, 'db'));
        assert.ok(!api.endWasWanted, 'it goes on until the new one is ready');
        await world.ready(newest(world, 'db'));
        assert.ok(api.endWasWanted);
        await world.settle([]);
        assert.deepEqual(world.launches, ['db', 'api', 'log', 'db', 'api']);
      },
    ));
});

describe('an end', () => {
  const patient = { stopMillis: 600_000 };
  const chain = {
    web: { dependsOn: [ready('api')], ...patient },
    api: { dependsOn: [ready('db')], ...patient },
    db: { dependsOn: [], ...patient },
    other: { dependsOn: [], ...patient },
  };
  const endAll = (world: DependencyWorld, now = false): Promise<void> =>
    world.reconciler.endAll(world.alive as unknown as Parameters<typeof world.reconciler.endAll>[0], 'the test', now);
  const ending = (world: DependencyWorld): string[] =>
    world.alive.flatMap(({ isEnding, request }) => (isEnding ? request.name : [])).sort();
  const up = async (world: DependencyWorld): Promise<void> => {
    for (const name of ['web', 'other']) await world.ask('start', name);
    await world.settle([]);
  };

  it('of all ends what others depend on after those', () =>
    running(chain, async (world) => {
      await up(world);
      const ends = endAll(world);
      await world.rest();
      assert.deepEqual(ending(world), ['other', 'web']);
      await world.end(newest(world, 'web'), 'succeeded');
      assert.deepEqual(ending(world), ['api', 'other']);
      await world.end(newest(world, 'api'), 'succeeded');
      assert.deepEqual(ending(world), ['db', 'other']);
      await world.settle([]);
      await ends;
    }));

  it('of all at once waits for nothing', () =>
    running(chain, async (world) => {
      await up(world);
      const ends = endAll(world, true);
      await world.rest();
      assert.deepEqual(ending(world), ['api', 'db', 'other', 'web']);
      await world.settle([]);
      await ends;
    }));

  it('waits no longer than its own stop sequence takes', () =>
    running({ ...chain, db: { dependsOn: [], stopMillis: 20 } }, async (world) => {
      await up(world);
      const ends = endAll(world);
      await eventually('it is its turn', () => ending(world).includes('db'));
      assert.ok(!ending(world).includes('api'));
      await world.end(newest(world, 'web'), 'succeeded');
      await world.settle([]);
      await ends;
    }));

  it('by a user waits for what is being ended, and for nothing else', () =>
    running(chain, async (world) => {
      await up(world);
      await world.ask('stop', 'api');
      await world.ask('stop', 'db');
      assert.deepEqual(ending(world), ['api']);
      await world.end(newest(world, 'api'), 'succeeded');
      assert.deepEqual(ending(world), ['db']);
    }));
});

describe('any order', () => {
  const seed = seedFor('TREE_WARDEN_SEED');
  const operations = 10_000;

  it(`of ${operations} operations launches nothing too early, and leaves nothing (TREE_WARDEN_SEED=${seed})`, async () => {
    const random = randomFrom(seed);
    const below = (bound: number): number => Math.floor(random() * bound);
    const overlaps = ['skip', 'queue', 'replace'] as const;
    const conditions = ['started', 'ready', 'succeeded', 'ended'] as const;
    for (let done = 0; done < operations; ) {
      const story: string[] = [];
      const tooEarly: string[] = [];
      const names: Record<string, MadeUpName> = {};
      for (let number = 0; number < 6; number++) {
        const earlier = Object.keys(names).filter(() => random() < 0.4);
        const dependsOn = earlier.map((name): Dependency => {
          const restart = random() < 0.3 && { restart: true as const };
          return { name, condition: conditions[below(4)] ?? 'ready', ...restart };
        });
        const schedule = random() < 0.4 && { overlap: overlaps[below(3)] ?? 'skip', ...(random() < 0.5 && { catchUp: true as const }) };
        const watch = !schedule && random() < 0.5 && { ...(random() < 0.5 && { dependents: true as const }) };
        const more = { ...(schedule && { schedule }), ...(watch && { watch }) };
        names[`n${number}`] = { dependsOn, instances: 1 + below(2), restarts: random() < 0.3, ...more };
      }
      // Those that wait for their times, by the verbs that this test has asked for.
      const armed = new Set<string>();
      // What runs and what has happened to it, as this test has seen it.
      const isMet = ({ name, condition }: Dependency): boolean => {
        const own = world.trees.filter(({ request }) => (request.pool ?? request.name) === name);
        // Those that are to run count; where none is, all do.
        const desired = world.reconciler.declarations.status.find((one) => one.name === name)?.desired ?? [];
        const counting = new Set(desired.length > 0 ? desired : own.map(({ request }) => request.name));
        if ([...counting].some((one) => !own.some(({ request }) => request.name === one))) return false;
        const lasts = [...counting].map((one) => newest(world, one));
        if (lasts.length === 0) return false;
        const is = {
          started: (tree: MadeUpTree) => !tree.isSpawning && (!tree.ended || tree.state === 'succeeded'),
          ready: (tree: MadeUpTree) => !tree.ended && tree.state === 'ready' && !tree.isEnding,
          succeeded: (tree: MadeUpTree) => tree.ended && tree.state === 'succeeded',
          ended: (tree: MadeUpTree) => tree.ended,
        }[condition];
        return lasts.every(is);
      };
      const uncalled: string[] = [];
      const world: DependencyWorld = new DependencyWorld(names, (instance, { trigger }) => {
        const [name = ''] = instance.split('#');
        if (trigger === 'schedule' && !armed.has(name)) uncalled.push(`${instance} was launched at its time, and was stopped before`);
        const early = names[name]?.dependsOn.filter((one) => !isMet(one)) ?? [];
        if (early.length > 0) tooEarly.push(`${instance} was launched without ${early.map((one) => one.name).join()}`);
      });
      try {
        await world.declare();
        for (let length = 5 + below(60); length > 0; length--, done++) {
          const alive = world.alive;
          const tree = alive[below(alive.length)];
          const name = `n${below(6)}`;
          if (tree === undefined || random() < 0.35) {
            const verb = (['start', 'start', 'stop', 'restart'] as const)[below(4)] ?? 'start';
            story.push(`${verb} ${name}`);
            if (verb === 'stop') armed.delete(name);
            if (verb === 'start' && names[name]?.schedule) armed.add(name);
            await world.ask(verb, name);
            // What a user has stopped is not started by its files, unless something else has started it since.
            const isDone = !world.unanswered.includes(`stop ${name}`);
            const { desired = [] } = world.reconciler.declarations.status.find((one) => one.name === name) ?? {};
            if (verb === 'stop' && isDone && desired.length === 0)
              assert.ok(!world.files.names.includes(name), `files of ${name} are watched`);
          } else if (random() < 0.2 && world.files.names.length > 0) {
            const changed = world.files.names[below(world.files.names.length)] ?? '';
            story.push(`files of ${changed} change`);
            world.files.listener.changed({ name: changed, files: ['a.ts'], count: 1 });
            await world.rest();
          } else if (random() < 0.2) {
            const [passes, sleeps] = [below(180_000), random() < 0.3 ? below(86_400_000) : 0];
            story.push(`${passes} ms pass${sleeps > 0 ? ` after ${sleeps} ms of sleep` : ''}`);
            world.clock.jump(sleeps);
            await world.pass(passes);
          } else if (tree.isSpawning) {
            const fails = random() < 0.1;
            story.push(`${tree.request.name} is ${fails ? 'not ' : ''}spawned`);
            await world.spawned(tree, fails ? new Error('not spawned') : undefined);
          } else if (tree.isEnding || random() < 0.5) {
            const state = random() < 0.6 ? 'succeeded' : 'failed';
            story.push(`${tree.request.name} ends, ${state}`);
            await world.end(tree, state);
          } else if (tree.state === 'starting') {
            story.push(`${tree.request.name} is ready`);
            await world.ready(tree);
          }
          assert.deepEqual([tooEarly, uncalled], [[], []]);
          const waiting = world.reconciler.declarations.status.flatMap(({ name: one, schedule }) => (schedule?.isArmed ? one : []));
          assert.deepEqual(waiting, [...armed].sort());
        }
        // What one wants to see done is done, where nothing goes wrong.
        const last = `n${below(6)}`;
        const mustEnd = Object.values(names).flatMap(({ dependsOn }) =>
          dependsOn.flatMap((one) => (['succeeded', 'ended'].includes(one.condition) ? one.name : [])),
        );
        const mustStay = Object.values(names).flatMap(({ dependsOn }) =>
          dependsOn.flatMap((one) => (one.condition === 'ready' ? one.name : [])),
        );
        if (!mustEnd.some((name) => mustStay.includes(name)) && !mustEnd.includes(last)) {
          story.push(`in the end start ${last}`);
          await world.settle(mustEnd.flatMap((name) => [name, `${name}#2`]));
          await world.ask('start', last, { schedule: 'run' });
          await world.settle(mustEnd.flatMap((name) => [name, `${name}#2`]));
          assert.ok(
            world.alive.some(({ request, state }) => request.name === last && state === 'ready'),
            `${last} runs: ${JSON.stringify(world.reconciler.declarations.status)}; ${world.failures}`,
          );
        }
        await world.close();
        await world.pass(86_400_000);
        assert.deepEqual([tooEarly, uncalled, world.alive], [[], [], []]);
        assert.deepEqual(world.unanswered, [], 'requests without an answer');
      } catch (error) {
        throw new Error(`TREE_WARDEN_SEED=${seed}: ${JSON.stringify(names)}: ${story.join(', ')}: ${(error as Error).message}`);
      }
    }
  });
});
