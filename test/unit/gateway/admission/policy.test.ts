import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type BudgetedModel, planLoads, type Verdict } from '../../../../src/gateway/admission/policy.ts';
import { holdsFor } from '../../../support/property.ts';

const gb = (memory: number): ReadonlyMap<string, number> => new Map([['memory', memory]]);

function model(name: string, needs: number, changes: Partial<BudgetedModel> & { readonly isIn?: boolean } = {}): BudgetedModel {
  const { isIn = false, ...others } = changes;
  const amounts = gb(needs);
  return {
    ...{
      name,
      needs: amounts,
      holds: isIn ? amounts : new Map(),
      isGuess: !Number.isFinite(needs),
      isLeaving: false,
      isPinned: false,
      rank: 0,
      isBusy: false,
      askedAt: 0,
    },
    ...others,
  };
}

const isIn = true;
const isBusy = true;

describe('what is loaded within a budget', () => {
  const cases: readonly [string, readonly BudgetedModel[], readonly string[], Record<string, Verdict>][] = [
    ['begins where there is room', [model('a', 6, { isIn }), model('b', 6)], ['b'], { b: { do: 'begin' } }],
    [
      'takes the place of the one that was asked longest ago',
      [model('a', 6, { isIn, askedAt: 2 }), model('b', 6, { isIn, askedAt: 1 }), model('c', 6)],
      ['c'],
      { c: { do: 'unload', models: ['b'] } },
    ],
    [
      'takes the place of the one of the lowest rank, however lately that was asked',
      [model('a', 6, { isIn, askedAt: 1, rank: 1 }), model('b', 6, { isIn, askedAt: 2 }), model('c', 6)],
      ['c'],
      { c: { do: 'unload', models: ['b'] } },
    ],
    [
      'takes no more places than it needs',
      [model('a', 2, { isIn, askedAt: 1 }), model('b', 8, { isIn, askedAt: 2 }), model('c', 9)],
      ['c'],
      { c: { do: 'unload', models: ['b'] } },
    ],
    [
      'takes the place of an idle one rather than of one that is asked',
      [model('a', 6, { isIn, isBusy, askedAt: 1 }), model('b', 6, { isIn, askedAt: 2, rank: 9 }), model('c', 6)],
      ['c'],
      { c: { do: 'unload', models: ['b'] } },
    ],
    [
      'waits for one that is asked, and unloads no idle one before',
      [model('a', 6, { isIn, isBusy }), model('b', 6, { isIn }), model('c', 12)],
      ['c'],
      { c: { do: 'wait', for: ['a'] } },
    ],
    [
      'stays with the one whose turn is ending already',
      [model('a', 6, { isIn, isBusy, askedAt: 9, rank: 1, goesSince: 5 }), model('b', 6, { isIn, isBusy, askedAt: 1 }), model('c', 6)],
      ['c'],
      { c: { do: 'wait', for: ['a'] } },
    ],
    [
      'waits for one that is being unloaded, and unloads nothing else',
      [model('a', 6, { isIn, isLeaving: true }), model('b', 6, { isIn }), model('c', 6)],
      ['c'],
      { c: { do: 'wait', for: ['a'] } },
    ],
    [
      'is let past where that keeps no other one waiting',
      [model('a', 8, { isIn, isBusy }), model('b', 10), model('c', 2)],
      ['b', 'c'],
      { b: { do: 'wait', for: ['a'] }, c: { do: 'begin' } },
    ],
    [
      'is not let past where the one before needs the room',
      [model('a', 8, { isIn, isBusy }), model('b', 11), model('c', 2)],
      ['b', 'c'],
      { b: { do: 'wait', for: ['a'] }, c: { do: 'wait', for: [] } },
    ],
    [
      'is refused where it needs more than there is',
      [model('a', 14)],
      ['a'],
      { a: { do: 'refuse', shortage: { resource: 'memory', needs: 14, budget: 12, pinned: [], pinnedAmount: 0 } } },
    ],
    [
      'is refused where it needs more than others are not pinned to',
      [model('a', 9, { isIn, isPinned: true }), model('b', 4)],
      ['b'],
      { b: { do: 'refuse', shortage: { resource: 'memory', needs: 4, budget: 12, pinned: ['a'], pinnedAmount: 9 } } },
    ],
    [
      'has all that is not pinned where its size is not known',
      [model('a', 4, { isIn }), model('b', 3, { isIn, isPinned: true }), model('c', Number.POSITIVE_INFINITY)],
      ['c'],
      { c: { do: 'unload', models: ['a'] } },
    ],
    [
      'is not refused for an estimate, but has all that is not pinned',
      [model('a', 4, { isIn }), model('b', 3, { isIn, isPinned: true }), model('c', 14, { isGuess: true })],
      ['c'],
      { c: { do: 'unload', models: ['a'] } },
    ],
    [
      'is refused for an estimate where all is pinned',
      [model('a', 12, { isIn, isPinned: true }), model('b', 4, { isGuess: true })],
      ['b'],
      { b: { do: 'refuse', shortage: { resource: 'memory', needs: 4, budget: 12, pinned: ['a'], pinnedAmount: 12 } } },
    ],
    [
      'waits for one whose size is not known yet',
      [model('a', Number.POSITIVE_INFINITY, { isIn, isBusy }), model('b', 1)],
      ['b'],
      { b: { do: 'wait', for: ['a'] } },
    ],
    [
      'makes room for further servers of a model beside those that it has',
      [model('a', 8, { holds: gb(4), isBusy }), model('b', 6, { isIn })],
      ['a'],
      { a: { do: 'unload', models: ['b'] } },
    ],
  ];
  for (const [what, models, waiting, expected] of cases)
    it(what, () => {
      assert.deepEqual(Object.fromEntries(planLoads(models, waiting, gb(12)).verdicts), expected);
    });

  it('counts each GPU by itself, and unloads only what is on the one that is needed', () => {
    const on = (gpu: string): ReadonlyMap<string, number> =>
      new Map([
        [gpu, 10],
        ['gpus', 10],
      ]);
    const loaded = (name: string, gpu: string, askedAt: number) => model(name, 0, { needs: on(gpu), holds: on(gpu), askedAt });
    const budget = new Map([
      ['gpu 0', 16],
      ['gpu 1', 16],
      ['gpus', 32],
    ]);
    const models = [loaded('a', 'gpu 0', 1), loaded('b', 'gpu 1', 2), model('c', 0, { needs: on('gpu 1') })];
    assert.deepEqual(planLoads(models, ['c'], budget).verdicts.get('c'), { do: 'unload', models: ['b'] });
  });
});

interface Simulated {
  readonly needs: ReadonlyMap<string, number>;
  readonly isPinned: boolean;
  readonly rank: number;
  state: 'out' | 'in' | 'leaving';
  isWanted: boolean;
  outstanding: number;
  isTurnOver: boolean;
  goesSince: number | undefined;
  askedAt: number;
}

const resources = ['memory', 'gpus', 'group x'] as const;
const amounts = fc
  .tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 12 }), fc.constantFrom(0, 0, 1))
  .map((each) => new Map(resources.map((resource, index) => [resource, each[index] ?? 0])));
const budget = new Map(resources.map((resource, index) => [resource, [12, 12, 1][index] ?? 0]));
const worlds = fc.record({
  models: fc.array(fc.record({ needs: amounts, isPinned: fc.boolean(), rank: fc.integer({ min: 0, max: 2 }) }), {
    minLength: 2,
    maxLength: 7,
  }),
  // What happens between two looks: a model is asked, answers, or is gone.
  events: fc.array(fc.tuple(fc.constantFrom('ask', 'ask', 'ask', 'answered', 'gone', 'turn'), fc.nat({ max: 6 })), { maxLength: 80 }),
});

/** Models that come and go as they are told to, and look whether a rule is broken. */
class World {
  readonly models: readonly Simulated[];
  waiting: string[] = [];
  #clock = 0;

  constructor(models: readonly Pick<Simulated, 'needs' | 'isPinned' | 'rank'>[]) {
    // One pinned model at most, so that there is always something that can go.
    this.models = models.map((one, index) => ({
      ...{ ...one, isPinned: one.isPinned && index === 0, state: 'out', isWanted: false, outstanding: 0, askedAt: 0 },
      ...{ isTurnOver: false, goesSince: undefined },
    }));
  }

  happen(event: string, index: number): void {
    const one = this.models[index % this.models.length];
    if (!one) return;
    this.#clock++;
    if (event === 'ask') this.#ask(one, index % this.models.length);
    else if (event === 'answered') one.outstanding = Math.max(0, one.outstanding - 1);
    else if (event === 'turn') one.isTurnOver = one.goesSince !== undefined;
    else if (one.state === 'leaving') one.state = 'out';
    this.look();
  }

  /** Everything that is under way comes to its end: answers, turns, unloads. */
  rest(): void {
    for (const one of this.models) {
      one.outstanding = 0;
      one.isTurnOver = one.goesSince !== undefined;
      if (one.state === 'leaving') one.state = 'out';
    }
    this.look();
  }

  look(): void {
    for (;;) {
      const { verdicts, going } = planLoads(this.models.map(asBudgeted), this.waiting, budget);
      let hasChanged = false;
      for (const [name, verdict] of verdicts) hasChanged = this.#carryOut(name, verdict) || hasChanged;
      for (const [index, one] of this.models.entries()) {
        if (going.has(String(index)) || one.goesSince === undefined) continue;
        one.goesSince = undefined;
        one.isTurnOver = false;
      }
      this.#check();
      if (!hasChanged) return;
    }
  }

  #ask(one: Simulated, index: number): void {
    one.askedAt = this.#clock;
    if (one.state === 'in' && !one.isTurnOver) one.outstanding++;
    else if (!this.waiting.includes(String(index)) && one.state === 'out') this.waiting.push(String(index));
  }

  #carryOut(name: string, verdict: Verdict): boolean {
    const one = this.models[Number(name)];
    assert.ok(one);
    if (verdict.do === 'wait') {
      for (const awaited of verdict.for.map((other) => this.models[Number(other)]))
        if (awaited?.state === 'in') awaited.goesSince ??= this.#clock;
      return false;
    }
    if (verdict.do === 'unload') {
      for (const other of verdict.models.map((each) => this.models[Number(each)])) {
        assert.equal(other?.outstanding, 0, 'one that is answering is unloaded');
        assert.ok(!other?.isPinned, 'one that is pinned is unloaded');
        Object.assign(other ?? {}, { state: 'leaving', goesSince: undefined, isTurnOver: false });
      }
      return true;
    }
    this.waiting = this.waiting.filter((other) => other !== name);
    if (verdict.do === 'begin') Object.assign(one, { state: 'in', outstanding: 1 });
    else assert.ok(verdict.shortage.needs > verdict.shortage.budget - verdict.shortage.pinnedAmount, 'one is refused that fits');
    return true;
  }

  #check(): void {
    for (const [resource, most] of budget) {
      const held = this.models.reduce((sum, { state, needs }) => sum + (state === 'out' ? 0 : (needs.get(resource) ?? 0)), 0);
      assert.ok(held <= most, `${held} of ${most} of ${resource} are held`);
    }
  }
}

function asBudgeted({ needs, isPinned, rank, state, outstanding, askedAt, goesSince }: Simulated, index: number): BudgetedModel {
  return {
    ...{ name: String(index), needs, holds: state === 'out' ? new Map() : needs, isPinned, rank, askedAt, goesSince },
    ...{ isGuess: false, isLeaving: state === 'leaving', isBusy: outstanding > 0 },
  };
}

describe('a budget, whatever happens,', () => {
  it('is never exceeded, unloads none that is answering or pinned, and lets each that waits begin or be refused', async () => {
    await holdsFor(worlds, ({ models, events }) => {
      const world = new World(models);
      for (const [event, index] of events) world.happen(event, index);
      // Each time that all is at rest, the one that has waited longest begins at the latest.
      for (let rounds = 0; world.waiting.length > 0; rounds++) {
        assert.ok(rounds <= 2 * models.length, `these wait for ever: ${world.waiting.join(', ')}`);
        world.rest();
      }
    });
  });

  it('lets a model begin that waits, although all others are asked all the time', async () => {
    await holdsFor(
      worlds,
      ({ models }) => {
        const world = new World(models);
        for (let round = 0; round < 5; round++)
          for (const index of models.keys()) {
            world.happen('ask', index);
            world.happen('answered', index + 1);
          }
        const [first] = world.waiting;
        for (let round = 0; first !== undefined && world.waiting.includes(first); round++) {
          assert.ok(round < 10 * models.length, `${first} starves`);
          for (const index of models.keys())
            for (const event of ['ask', 'turn', 'answered', 'answered', 'gone'] as const) world.happen(event, index);
        }
      },
      0.2,
    );
  });
});
