import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { SizedMember } from '../../../../src/gateway/admission/admission.ts';
import { MemoryAdmission } from '../../../../src/gateway/admission/memoryAdmission.ts';
import type { ModelRequest } from '../../../../src/protocol/models.ts';

const gigabyte = 2 ** 30;
const turnMillis = 1000;

type Changes = Partial<Pick<ModelRequest, 'memory' | 'estimatedBytes' | 'isPinned' | 'rank' | 'exclusive'>>;

/** A model that loads and goes at once, and writes down when. */
class Model implements SizedMember {
  readonly name: string;
  readonly model: ModelRequest;
  readonly #admission: MemoryAdmission;
  readonly #log: string[];
  expected = 1;
  listed = 0;
  outstanding = 0;
  isWanted = false;
  isLoading = false;
  isRetired = false;
  isUnloading = false;
  askedAt = 0;
  problem: Error | undefined;

  constructor(name: string, changes: Changes, admission: MemoryAdmission, log: string[]) {
    this.name = name;
    this.model = { name, start: {}, ...changes } as ModelRequest;
    this.#admission = admission;
    this.#log = log;
  }

  begin(): void {
    this.listed = this.expected;
    this.#log.push(`${this.name} begins`);
  }

  async releaseMemory(): Promise<void> {
    this.#log.push(`${this.name} releases`);
    await turn();
    if (this.problem) throw this.problem;
    this.listed = 0;
    this.#admission.leave(this);
  }

  fail(error: Error): void {
    this.isWanted = false;
    this.#log.push(error.message);
  }
}

let clock = 0;

/** `sizes`: of models a, b, c … in gigabytes; a change of what is declared where it is an object. */
function setUp(...sizes: readonly (number | Changes)[]) {
  const log: string[] = [];
  const admission = new MemoryAdmission(turnMillis);
  admission.update({ memoryBytes: 12 * gigabyte }, new Map());
  const models = sizes.map((size, index) => {
    const changes = typeof size === 'number' ? { memory: { memoryBytes: size * gigabyte } } : size;
    return new Model('abcdef'[index] ?? '', changes, admission, log);
  });
  const want = async (model: Model | undefined): Promise<void> => {
    assert.ok(model);
    model.isWanted = true;
    model.askedAt = ++clock;
    admission.want(model);
    for (let turns = 0; turns < 4; turns++) await turn();
  };
  /** It has answered all that it was asked. */
  const load = async (model: Model | undefined): Promise<void> => {
    await want(model);
    if (model) model.isWanted = false;
    admission.settle();
  };
  return { log, admission, models, want, load };
}

describe('models in a budget', () => {
  it('are loaded together as long as they fit, and the one asked longest ago goes when they do not', async () => {
    const { log, models, load } = setUp(4, 4, 4, 4);
    const [a, b, c, d] = models;
    for (const model of [a, b, c, a, d]) await load(model);
    assert.deepEqual(log, ['a begins', 'b begins', 'c begins', 'b releases', 'd begins']);
  });

  it('keep answering for a turn while another one waits, and go when they have answered', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { log, admission, models, want } = setUp(8, 8);
      const [a, b] = models;
      await want(a);
      assert.ok(a && b);
      a.outstanding = 1;
      await want(b);
      assert.equal(admission.reasonToWait(b), "waits for 8.0 GB of memory: 'a' is answering");
      mock.timers.tick(turnMillis - 1);
      assert.ok(admission.mayAnswer(a));
      mock.timers.tick(1);
      assert.ok(!admission.mayAnswer(a), 'no further request is taken up');
      assert.deepEqual(log, ['a begins']);
      a.outstanding = 0;
      admission.settle();
      for (let turns = 0; turns < 4; turns++) await turn();
      assert.deepEqual(log, ['a begins', 'a releases', 'b begins']);
      assert.equal(admission.reasonToWait(b), undefined);
      assert.equal(admission.reasonToWait(a), "waits for 8.0 GB of memory: 'b' has requests", 'it is still asked');
    } finally {
      mock.timers.reset();
    }
  });

  it('go on where the one that they had to go for is not wanted any more', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { log, admission, models, want } = setUp(8, 8);
      const [a, b] = models;
      await want(a);
      assert.ok(a && b);
      a.outstanding = 1;
      await want(b);
      mock.timers.tick(turnMillis);
      assert.ok(!admission.mayAnswer(a));
      b.isWanted = false;
      admission.settle();
      assert.ok(admission.mayAnswer(a));
      assert.deepEqual(log, ['a begins', 'a begins'], 'its turn begins again, without a load');
    } finally {
      mock.timers.reset();
    }
  });

  it('are refused with the figures where they can never fit', async () => {
    const { log, models, load } = setUp({ memory: { memoryBytes: 9 * gigabyte }, isPinned: true }, 4, 14.2);
    for (const model of models) await load(model);
    assert.deepEqual(log, [
      'a begins',
      "'b' cannot be loaded: it needs 4.0 GB of memory, and 12.0 GB is the budget, 9.0 GB of it pinned by 'a'. Unload what is pinned, or raise \"gateway\" in processes.json.",
      "'c' cannot be loaded: it needs 14.2 GB of memory, and 12.0 GB is the budget, 9.0 GB of it pinned by 'a'. Unload what is pinned, or raise \"gateway\" in processes.json.",
    ]);
  });

  it('are told why the memory of another one is not back, and begin when it is', async () => {
    const { log, models, load } = setUp(8, 8);
    const [a, b] = models;
    await load(a);
    assert.ok(a);
    a.problem = new Error('it holds on to it');
    await load(b);
    a.problem = undefined;
    await load(b);
    assert.deepEqual(log, ['a begins', 'a releases', 'it holds on to it', 'a releases', 'b begins']);
  });

  it('wait for their place in an exclusive group, too, although the memory would do', async () => {
    const { log, models, load } = setUp(
      1,
      { memory: { memoryBytes: gigabyte }, exclusive: 'gpu' },
      { memory: { memoryBytes: gigabyte }, exclusive: 'gpu' },
    );
    for (const model of models) await load(model);
    assert.deepEqual(log, ['a begins', 'b begins', 'b releases', 'c begins']);
  });

  it('are alone as long as their size is not known, and share the memory when they have been measured', async () => {
    const { log, admission, models, load } = setUp({}, 4, 4);
    const [a, b, c] = models;
    await load(b);
    await load(a);
    const size = { memoryBytes: 8 * gigabyte, gpuMemoryBytes: 0 };
    admission.update({ memoryBytes: 12 * gigabyte }, new Map([['a', { peak: size, settled: size }]]));
    await load(c);
    assert.deepEqual(log, ['b begins', 'b releases', 'a begins', 'c begins']);
  });

  it('have what is declared of them count instead of what was measured, and that instead of an estimate', async () => {
    const { log, admission, models, load } = setUp(
      { memory: { memoryBytes: 2 * gigabyte }, estimatedBytes: 12 * gigabyte },
      { estimatedBytes: 12 * gigabyte },
      { estimatedBytes: 8 * gigabyte },
    );
    const size = { memoryBytes: 6 * gigabyte, gpuMemoryBytes: 0 };
    const measured = { peak: size, settled: size };
    admission.update(
      { memoryBytes: 12 * gigabyte },
      new Map([
        ['a', measured],
        ['b', measured],
      ]),
    );
    for (const model of models) await load(model);
    assert.deepEqual(log, ['a begins', 'b begins', 'b releases', 'c begins']);
  });

  it('hold nothing when their servers have ended by themselves, also where they are pinned', async () => {
    const { log, admission, models, load } = setUp({ memory: { memoryBytes: 9 * gigabyte }, isPinned: true }, 9);
    const [a, b] = models;
    await load(a);
    assert.ok(a);
    a.listed = 0;
    admission.settle();
    await load(b);
    assert.deepEqual(log, ['a begins', 'b begins']);
  });

  it('get memory for further servers beside those that are loaded, or are told why not', async () => {
    const { log, admission, models, load } = setUp(4, 4);
    const [a, b] = models;
    await load(b);
    await load(a);
    assert.ok(a);
    a.expected = 3;
    assert.ok(!admission.mayLaunch(a), 'first the other one has to go');
    for (let turns = 0; turns < 4; turns++) await turn();
    assert.ok(admission.mayLaunch(a));
    assert.deepEqual(log, ['b begins', 'a begins', 'b releases', 'a begins']);
    a.expected = 4;
    assert.ok(!admission.mayLaunch(a));
    assert.match(log.at(-1) ?? '', /it needs 16.0 GB of memory, and 12.0 GB is the budget/);
    a.expected = 1;
    a.listed = 1;
    admission.settle();
    await load(b);
    assert.equal(log.at(-1), 'b begins', 'what it does not use any more is free');
  });
});
