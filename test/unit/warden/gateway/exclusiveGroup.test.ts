import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ExclusiveGroup, type Rival } from '../../../../src/warden/gateway/exclusiveGroup.ts';

/** A model that loads and goes at once, and writes down when. */
class Model implements Rival {
  readonly name: string;
  readonly #told: string[];
  outstanding = 0;
  isWanted = false;
  problem: Error | undefined;

  constructor(name: string, told: string[]) {
    this.name = name;
    this.#told = told;
  }

  begin(): void {
    this.#told.push(`${this.name} begins`);
  }

  yield(): Promise<void> {
    this.#told.push(`${this.name} yields`);
    return this.problem ? Promise.reject(this.problem) : Promise.resolve();
  }

  refuse(error: Error): void {
    this.#told.push(`${this.name}: ${error.message}`);
  }
}

function setUp(turnMillis = 1000) {
  const told: string[] = [];
  const group = new ExclusiveGroup(turnMillis);
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new Model(name, told)) as [Model, Model, Model];
  const want = async (model: Model): Promise<void> => {
    model.isWanted = true;
    group.want(model);
    await turn();
    await turn();
  };
  return { told, group, a, b, c, want };
}

describe('models of which one is loaded at a time', () => {
  it('begin when nobody else is there', async () => {
    const { told, group, a, want } = setUp();
    await want(a);
    assert.deepEqual(told, ['a begins']);
    assert.ok(group.mayAnswer(a));
    group.dispose();
  });

  it('swap at once when the one whose turn it is has nothing to do', async () => {
    const { told, group, a, b, want } = setUp();
    await want(a);
    a.isWanted = false;
    await want(b);
    assert.deepEqual(told, ['a begins', 'a yields', 'b begins']);
    assert.deepEqual([group.mayAnswer(a), group.mayAnswer(b)], [false, true]);
    group.dispose();
  });

  it('swap when the last request is answered', async () => {
    const { told, group, a, b, want } = setUp();
    await want(a);
    a.isWanted = false;
    a.outstanding = 1;
    await want(b);
    assert.deepEqual(told, ['a begins']);
    a.outstanding = 0;
    group.settle();
    await turn();
    assert.deepEqual(told, ['a begins', 'a yields', 'b begins']);
    group.dispose();
  });

  it('end a turn that is too long, though there is always another request', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { told, group, a, b, want } = setUp(1000);
      await want(a);
      a.outstanding = 1;
      await want(b);
      mock.timers.tick(999);
      assert.ok(group.mayAnswer(a));
      mock.timers.tick(1);
      assert.ok(!group.mayAnswer(a), 'no further request is taken up');
      assert.deepEqual(told, ['a begins']);
      a.outstanding = 0;
      group.settle();
      await turn();
      await turn();
      assert.deepEqual(told, ['a begins', 'a yields', 'b begins']);
      // Its turn will come again: it is still wanted.
      b.isWanted = false;
      group.settle();
      await turn();
      await turn();
      assert.deepEqual(told.slice(3), ['b yields', 'a begins']);
      group.dispose();
    } finally {
      mock.timers.reset();
    }
  });

  it('have their turns in the order of asking', async () => {
    const { told, group, a, b, c, want } = setUp();
    await want(a);
    a.outstanding = 1;
    a.isWanted = false;
    await want(c);
    await want(b);
    a.outstanding = 0;
    group.settle();
    await turn();
    c.isWanted = false;
    group.settle();
    await turn();
    await turn();
    assert.deepEqual(told, ['a begins', 'a yields', 'c begins', 'c yields', 'b begins']);
    group.dispose();
  });

  it('do not begin when the memory of the one before is not back', async () => {
    const { told, group, a, b, want } = setUp();
    await want(a);
    a.isWanted = false;
    a.problem = new Error('it holds on to it');
    await want(b);
    assert.deepEqual(told, ['a begins', 'a yields', 'b: it holds on to it']);
    assert.ok(!group.mayAnswer(b));
    group.dispose();
  });

  it('let the next one have its turn when one cannot be loaded', async () => {
    const { told, group, a, b, want } = setUp();
    await want(a);
    a.outstanding = 1;
    await want(b);
    a.outstanding = 0;
    a.isWanted = false;
    group.leave(a);
    await turn();
    await turn();
    assert.deepEqual(told, ['a begins', 'b begins']);
    group.dispose();
  });
});
