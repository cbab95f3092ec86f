import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { GroupMember } from '../../../../src/gateway/admission/admission.ts';
import { ExclusiveGroup } from '../../../../src/gateway/admission/exclusiveGroup.ts';

/** A model that loads and goes at once, and writes down when. */
class Model implements GroupMember {
  readonly name: string;
  readonly #log: string[];
  outstanding = 0;
  isWanted = false;
  isLoading = false;
  problem: Error | undefined;

  constructor(name: string, log: string[]) {
    this.name = name;
    this.#log = log;
  }

  begin(): void {
    this.#log.push(`${this.name} begins`);
  }

  releaseMemory(): Promise<void> {
    this.#log.push(`${this.name} releases`);
    return this.problem ? Promise.reject(this.problem) : Promise.resolve();
  }

  fail(error: Error): void {
    this.#log.push(`${this.name}: ${error.message}`);
  }
}

function setUp(turnMillis = 1000) {
  const log: string[] = [];
  const group = new ExclusiveGroup(turnMillis);
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new Model(name, log)) as [Model, Model, Model];
  const want = async (model: Model): Promise<void> => {
    model.isWanted = true;
    group.want(model);
    await turn();
    await turn();
  };
  return { log, group, a, b, c, want };
}

describe('models of which one is loaded at a time', () => {
  it('begin when no other model is loaded', async () => {
    const { log, group, a, want } = setUp();
    await want(a);
    assert.deepEqual(log, ['a begins']);
    assert.ok(group.mayAnswer(a));
    group.dispose();
  });

  it('swap at once when the one whose turn it is has nothing to do', async () => {
    const { log, group, a, b, want } = setUp();
    await want(a);
    a.isWanted = false;
    await want(b);
    assert.deepEqual(log, ['a begins', 'a releases', 'b begins']);
    assert.deepEqual([group.mayAnswer(a), group.mayAnswer(b)], [false, true]);
    group.dispose();
  });

  it('swap when the last request is answered', async () => {
    const { log, group, a, b, want } = setUp();
    await want(a);
    a.isWanted = false;
    a.outstanding = 1;
    await want(b);
    assert.deepEqual(log, ['a begins']);
    a.outstanding = 0;
    group.settle();
    await turn();
    assert.deepEqual(log, ['a begins', 'a releases', 'b begins']);
    group.dispose();
  });

  it('end a turn that is too long, though there is always another request', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { log, group, a, b, want } = setUp(1000);
      await want(a);
      a.outstanding = 1;
      await want(b);
      mock.timers.tick(999);
      assert.ok(group.mayAnswer(a));
      mock.timers.tick(1);
      assert.ok(!group.mayAnswer(a), 'no further request is taken up');
      assert.deepEqual(log, ['a begins']);
      a.outstanding = 0;
      group.settle();
      await turn();
      await turn();
      assert.deepEqual(log, ['a begins', 'a releases', 'b begins']);
      // Its turn will come again: it is still wanted.
      b.isWanted = false;
      group.settle();
      await turn();
      await turn();
      assert.deepEqual(log.slice(3), ['b releases', 'a begins']);
      group.dispose();
    } finally {
      mock.timers.reset();
    }
  });

  it('have their turns in the order of asking', async () => {
    const { log, group, a, b, c, want } = setUp();
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
    assert.deepEqual(log, ['a begins', 'a releases', 'c begins', 'c releases', 'b begins']);
    group.dispose();
  });

  it('do not begin when the memory of the one before is not back', async () => {
    const { log, group, a, b, want } = setUp();
    await want(a);
    a.isWanted = false;
    a.problem = new Error('it holds on to it');
    await want(b);
    assert.deepEqual(log, ['a begins', 'a releases', 'b: it holds on to it']);
    assert.ok(!group.mayAnswer(b));
    group.dispose();
  });

  it('have the memory verified again for each that waits, and begin when it is back', async () => {
    const { log, group, a, b, c, want } = setUp();
    await want(a);
    a.outstanding = 1;
    a.isWanted = false;
    await want(b);
    await want(c);
    a.problem = new Error('it holds on to it');
    a.outstanding = 0;
    group.settle();
    await turn();
    await turn();
    assert.deepEqual(log.slice(1), ['a releases', 'b: it holds on to it', 'a releases', 'c: it holds on to it']);
    a.problem = undefined;
    await want(b);
    assert.deepEqual(log.slice(5), ['a releases', 'b begins']);
    group.dispose();
  });

  it('do not interrupt one that is being loaded and is waited for', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { log, group, a, b, want } = setUp(1000);
      a.isLoading = true;
      await want(a);
      await want(b);
      mock.timers.tick(60_000);
      await turn();
      assert.deepEqual(log, ['a begins']);
      a.isLoading = false;
      group.settle();
      mock.timers.tick(1000);
      await turn();
      await turn();
      assert.deepEqual(log.slice(1), ['a releases', 'b begins']);
      group.dispose();
    } finally {
      mock.timers.reset();
    }
  });

  it('are not begun when no request waits for them any more', async () => {
    const { log, group, a, b, c, want } = setUp();
    await want(a);
    a.outstanding = 1;
    a.isWanted = false;
    await want(b);
    await want(c);
    b.isWanted = false;
    a.outstanding = 0;
    group.settle();
    await turn();
    assert.deepEqual(log, ['a begins', 'a releases', 'c begins']);
    group.dispose();
  });

  it('let the next one have its turn when one cannot be loaded', async () => {
    const { log, group, a, b, want } = setUp();
    await want(a);
    a.outstanding = 1;
    await want(b);
    a.outstanding = 0;
    a.isWanted = false;
    group.leave(a);
    await turn();
    await turn();
    assert.deepEqual(log, ['a begins', 'b begins']);
    group.dispose();
  });
});
