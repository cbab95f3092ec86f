/** From what is declared and desired of a name, and what its instances do, to actions. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Action,
  type ActualInstance,
  initialPool,
  instanceCount,
  isForgettable,
  isRolling,
  type PoolEvent,
  type PoolState,
  poolTransition,
} from '../../../../src/warden/reconciler/desiredPool.ts';
import type { Phase } from '../../../../src/warden/reconciler/desiredState.ts';
import { InstanceWorld } from '../../../support/instanceWorld.ts';
import { randomFrom, seedFor } from '../../../support/random.ts';

function pool(changes: Partial<PoolState>): PoolState {
  return { ...initialPool, isDeclared: true, declared: 3, ...changes };
}

/** `running 1, stopping 2`: where one that is not `stopping` or `idle` heads to running. */
function actual(text: string): ActualInstance[] {
  return text.split(', ').flatMap((word) => {
    const [phase, number, more] = word.split(' ') as [Phase | 'starting', string, string | undefined];
    if (text === '') return [];
    const isStarting = phase === 'starting';
    const heading = ['stopping', 'idle', 'stuck'].includes(phase) && more !== 'again' ? 'stopped' : 'running';
    return [{ number: Number(number), phase: isStarting ? 'running' : phase, heading, isStarting, isOutdated: more === 'old' } as const];
  });
}

function told(actions: readonly Action[]): string {
  return actions.map(({ type, instance }) => `${type} ${instance}`).join(', ');
}

const all = [1, 2, 3];

describe('what follows for the instances of a name', () => {
  const cases: readonly (readonly [string, PoolState, PoolEvent, string, string, Partial<PoolState>])[] = [
    ['a declaration starts nothing', initialPool, { type: 'declare', instances: 3 }, '', '', { declared: 3, desired: [] }],
    [
      'another declaration touches nothing',
      pool({ desired: all }),
      { type: 'declare', instances: 3 },
      'running 1, running 2, running 3',
      '',
      {},
    ],
    [
      'a declaration of what runs already touches nothing',
      { ...initialPool, desired: [1] },
      { type: 'declare', instances: 3 },
      'running 1',
      '',
      { desired: [1] },
    ],
    [
      'a smaller number in the file ends the surplus',
      pool({ desired: all, chosen: 4 }),
      { type: 'declare', instances: 2 },
      'running 1, running 2, running 3',
      'stop 3',
      { desired: [1, 2], chosen: undefined },
    ],
    [
      'another number of what does not run starts nothing',
      pool({ chosen: 5 }),
      { type: 'declare', instances: 2 },
      '',
      '',
      { chosen: undefined },
    ],
    ['what is not declared any more goes on', pool({ desired: [1] }), { type: 'undeclare' }, 'running 1', '', { desired: [1] }],
    ['a start starts what is missing', pool({ desired: [2] }), { type: 'start' }, 'running 2', 'start 1, start 3', { desired: all }],
    ['a start of what runs does nothing', pool({ desired: all }), { type: 'start' }, 'running 1, starting 2, launching 3', '', {}],
    ['a start ends a wait', pool({ desired: all }), { type: 'start' }, 'running 1, waiting 2, running 3', 'start 2', {}],
    ['a start follows a stop', pool({}), { type: 'start' }, 'stopping 1', 'start 1, start 2, start 3', { desired: all }],
    ['a start of one', pool({ desired: [1] }), { type: 'start', instance: 3 }, 'running 1', 'start 3', { desired: [1, 3] }],
    ['a stop ends all', pool({ desired: [1, 2] }), { type: 'stop' }, 'running 1, waiting 2, idle 3', 'stop 1, stop 2', { desired: [] }],
    ['a stop joins a stop', pool({}), { type: 'stop' }, 'stopping 1, stuck 2', 'stop 1, stop 2', { desired: [] }],
    [
      'a stop of one',
      pool({ desired: all }),
      { type: 'stop', instance: 2 },
      'running 1, running 2, running 3',
      'stop 2',
      { desired: [1, 3] },
    ],
    [
      'a stop calls a restart off',
      pool({ desired: all, pending: [2, 3], turn: 1 }),
      { type: 'stop' },
      'starting 1, running 2, running 3',
      'stop 1, stop 2, stop 3',
      { desired: [], pending: [], turn: undefined },
    ],
    [
      'a restart begins with the first',
      pool({ desired: all }),
      { type: 'restart' },
      'running 1, running 2, running 3',
      'restart 1',
      { pending: [2, 3], turn: 1 },
    ],
    ['a restart of what does not run starts it', pool({}), { type: 'restart' }, 'stopping 3', 'start 1, start 2, start 3', { pending: [] }],
    [
      'a restart starts what is missing, too',
      pool({ desired: [2] }),
      { type: 'restart' },
      'running 2',
      'restart 2, start 1, start 3',
      { pending: [], turn: 2 },
    ],
    [
      'a restart tries again what could not be killed',
      pool({}),
      { type: 'restart', instance: 1 },
      'stuck 1',
      'restart 1',
      { desired: [1] },
    ],
    [
      'a restart of one does not wait for its turn',
      pool({ desired: all, pending: [2, 3], turn: 1 }),
      { type: 'restart', instance: 3 },
      'starting 1, running 2, running 3',
      'restart 3',
      { pending: [2], turn: 1 },
    ],
    [
      'the next one waits for the last one',
      pool({ desired: [1, 2], pending: [2], turn: 1 }),
      { type: 'observed' },
      'starting 1, running 2',
      '',
      {},
    ],
    [
      'the next one follows when that is ready',
      pool({ desired: [1, 2], pending: [2], turn: 1 }),
      { type: 'observed' },
      'running 1, running 2',
      'restart 2',
      { pending: [], turn: 2 },
    ],
    [
      'the next one follows when that has failed',
      pool({ desired: [1, 2], pending: [2], turn: 1 }),
      { type: 'observed' },
      'idle 1, running 2',
      'restart 2',
      { desired: [2], turn: 2 },
    ],
    ['a restart is over', pool({ desired: [1, 2], turn: 2 }), { type: 'observed' }, 'running 1, running 2', '', { turn: undefined }],
    ['what has ended stays so', pool({ desired: all }), { type: 'observed' }, 'running 1, idle 2, running 3', '', { desired: [1, 3] }],
    ['what was started by itself is kept', pool({ desired: [1] }), { type: 'observed' }, 'running 1, launching 2', '', { desired: [1, 2] }],
    ['a scale up', pool({ desired: all }), { type: 'scale', instances: 4 }, 'running 1, running 2, running 3', 'start 4', { chosen: 4 }],
    [
      'a scale down',
      pool({ desired: all, pending: [3], turn: 2 }),
      { type: 'scale', instances: 1 },
      'running 1, starting 2, running 3',
      'stop 2, stop 3',
      { desired: [1], pending: [] },
    ],
    ['a scale of what does not run is remembered', pool({}), { type: 'scale', instances: 4 }, '', '', { chosen: 4, desired: [] }],
  ];
  for (const [what, before, event, instances, actions, changes] of cases)
    it(what, () => {
      const found = poolTransition(before, event, actual(instances));
      assert.equal(told(found.actions), actions);
      assert.deepEqual({ ...found.state, ...changes }, found.state);
    });

  it('is forgotten when nothing declares it and nothing of it runs', () => {
    assert.ok(!isForgettable(pool({}), []));
    assert.ok(!isForgettable(pool({ isDeclared: false }), actual('stopping 1')));
    assert.ok(isForgettable(pool({ isDeclared: false }), actual('idle 1')));
  });
});

/** A name with its declaration, the machines of its instances, and a kernel in which each may have one tree at most. */
class PoolWorld {
  state = initialPool;
  /** Of the declaration that counts. */
  revision = 0;
  readonly instances = new Map<number, InstanceWorld>();

  get actual(): ActualInstance[] {
    return Array.from(this.instances, ([number, { state, isStarting, runs }]) => ({
      number,
      phase: state.phase,
      heading: state.desired,
      isStarting,
      isOutdated: runs !== this.revision,
    }));
  }

  /** But for those that have survived their stop. */
  get alive(): number[] {
    return [...this.instances]
      .flatMap(([number, { tree, state }]) => (tree === 'none' || state.phase === 'stuck' ? [] : number))
      .sort((a, b) => a - b);
  }

  act(event: PoolEvent): readonly Action[] {
    const { state, actions } = poolTransition(this.state, event, this.actual);
    this.state = state;
    for (const { type, instance } of actions) {
      const world = this.#of(instance);
      if (type !== 'stop') world.wanted = this.revision;
      const isAccepted = world.wish(type);
      assert.ok(isAccepted || world.state.phase === 'stuck', `${type} ${instance} was refused in ${world.state.phase}`);
    }
    if (event.type !== 'observed') this.act({ type: 'observed' });
    return actions;
  }

  /** Something happens to one of the instances, and the pool is told. */
  happen(random: () => number): void {
    const worlds = [...this.instances.values()];
    worlds[Math.floor(random() * worlds.length)]?.happen(random);
    this.act({ type: 'observed' });
  }

  /** Everything that is under way comes to its end, and well. */
  settle(): void {
    for (let count = 0; count < 200; count++) {
      for (const world of this.instances.values()) world.settle();
      this.act({ type: 'observed' });
    }
  }

  #of(instance: number): InstanceWorld {
    const known = this.instances.get(instance) ?? new InstanceWorld();
    this.instances.set(instance, known);
    return known;
  }
}

describe('any order', () => {
  const seed = seedFor('TREE_WARDEN_SEED');
  const operations = 10_000;

  it(`of ${operations} operations leaves what is desired, and at last nothing (TREE_WARDEN_SEED=${seed})`, () => {
    const random = randomFrom(seed);
    const below = (bound: number): number => Math.floor(random() * bound);
    let done = 0;
    while (done < operations) {
      const world = new PoolWorld();
      const story: string[] = [];
      const act = (event: PoolEvent): readonly Action[] => {
        story.push(`${event.type} ${'instance' in event ? event.instance : 'instances' in event ? event.instances : ''}`);
        return world.act(event);
      };
      const oneOf = (): number => 1 + below(instanceCount(world.state));
      const verbs: readonly (() => void)[] = [
        () => {
          const before = instanceCount(world.state);
          const isKnown = world.state.declared !== undefined;
          const instances = 1 + below(4);
          world.revision++;
          const actions = act({ type: 'declare', instances });
          if (!isKnown || instances === before) assert.equal(told(actions), '', 'a declaration touched what runs');
          else assert.ok(!actions.some(({ type }) => type === 'restart'));
        },
        () => {
          // The command of a file has changed, and nothing else.
          world.revision++;
          assert.equal(told(act({ type: 'declare', instances: world.state.declared ?? 1 })), '');
        },
        () => assert.equal(told(act({ type: 'undeclare' })), ''),
        ...(['start', 'stop', 'restart'] as const).flatMap((type) => [() => act({ type }), () => act({ type, instance: oneOf() })]),
        () => act({ type: 'scale', instances: 1 + below(5) }),
        ...Array.from({ length: 6 }, () => () => {
          story.push('something happens');
          world.happen(random);
        }),
      ];
      try {
        for (let length = 1 + below(40); length > 0; length--, done++) {
          verbs[below(verbs.length)]?.();
          const { desired, pending } = world.state;
          const running = world.actual.filter(({ heading }) => heading === 'running').map(({ number }) => number);
          // What waits for its turn may have ended meanwhile.
          assert.deepEqual(
            desired.filter((number) => !pending.includes(number) || running.includes(number)),
            running.toSorted(),
          );
          assert.ok(pending.every((number) => desired.includes(number)));
          if (!isRolling(world.state)) assert.deepEqual(pending, []);
        }
        const count = instanceCount(world.state);
        const everything = Array.from({ length: count }, (_, index) => index + 1);
        act({ type: 'restart' });
        world.settle();
        assert.deepEqual(world.alive, everything);
        assert.ok(
          [...world.instances.values()].every(({ state, runs }) => state.phase !== 'running' || runs === world.revision),
          'the newest declaration',
        );
        assert.ok(!isRolling(world.state));
        act({ type: 'stop' });
        act({ type: 'undeclare' });
        world.settle();
        assert.ok([...world.instances.values()].every(({ tree }) => tree === 'none'));
        assert.ok(isForgettable(world.state, world.actual));
        assert.ok([...world.instances.values()].every(({ timer, waiting }) => !timer && waiting === 0));
      } catch (error) {
        throw new Error(`TREE_WARDEN_SEED=${seed}: ${story.join(', ')}: ${(error as Error).message}`);
      }
    }
  });
});
