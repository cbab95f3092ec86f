/** When changes count, by a clock of the test's own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ChangeBatch, maxNamed, minMaxWaitMillis, verdictOn, withChange } from '../../../src/fileWatch/changeBatch.ts';
import type { GitActivity } from '../../../src/protocol/fileWatch.ts';
import { holdsFor } from '../../support/property.ts';

const debounce = 200;

interface Act {
  readonly at: number;
  readonly files: readonly string[];
}

/** As the watching process does it: looks when it is due, and once after each change. */
class World {
  now = 0;
  git: GitActivity | undefined;
  readonly acts: Act[] = [];
  #batch: ChangeBatch | undefined;
  #until = Number.POSITIVE_INFINITY;

  change(file: string): void {
    this.#batch = withChange(this.#batch, file, this.now);
    if (this.#until === Number.POSITIVE_INFINITY) this.#until = this.now + debounce;
  }

  pass(millis: number): void {
    for (const end = this.now + millis; ; ) {
      if (this.#until > end) {
        this.now = end;
        return;
      }
      this.now = Math.max(this.now, this.#until);
      this.#look();
    }
  }

  #look(): void {
    this.#until = Number.POSITIVE_INFINITY;
    if (this.#batch === undefined) return;
    const verdict = verdictOn(this.#batch, this.now, this.git, debounce);
    if (verdict.next === 'wait') {
      assert.ok(verdict.until > this.now, 'a look is never due at once');
      this.#batch = verdict.batch;
      this.#until = verdict.until;
      return;
    }
    this.acts.push({ at: this.now, files: verdict.batch.files });
    this.#batch = undefined;
  }
}

describe('changed files', () => {
  it('count once when they have settled', () => {
    const world = new World();
    for (let count = 0; count < 500; count++) {
      world.change(`src/${count}`);
      world.pass(1);
    }
    world.pass(1000);
    assert.deepEqual(
      world.acts.map(({ at, files }) => [at, files.length]),
      [[499 + debounce, 500]],
    );
  });

  it('count at last where they never settle', () => {
    const world = new World();
    for (let count = 0; count < 120; count++) {
      world.change('log');
      world.pass(100);
    }
    assert.deepEqual(
      world.acts.map(({ at }) => at),
      [minMaxWaitMillis, 2 * minMaxWaitMillis],
    );
  });

  it('count once when an operation of git is over, however long that is', () => {
    const world = new World();
    world.git = 'rebase';
    world.change('a');
    world.pass(3_600_000);
    assert.deepEqual(world.acts, []);
    world.git = undefined;
    // What git wrote last is heard of after it has ended.
    world.pass(1050);
    world.change('b');
    world.pass(10_000);
    assert.deepEqual(
      world.acts.map(({ files }) => files),
      [['a', 'b']],
    );
  });

  it('are remembered by name up to a number, and counted beyond it', () => {
    let batch: ChangeBatch | undefined;
    for (let count = 0; count < maxNamed + 5; count++) batch = withChange(batch, String(count), 0);
    assert.deepEqual([batch?.files.length, batch?.unnamed], [maxNamed, 5]);
  });

  it('each count exactly once, never during an operation of git, and no earlier than they have settled', async () => {
    const step = fc.oneof(
      fc.record({ change: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ pass: fc.integer({ min: 1, max: 700 }) }),
      fc.record({ git: fc.constantFrom(undefined, 'index' as const, 'merge' as const) }),
    );
    await holdsFor(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = new World();
      const changes: { readonly file: string; readonly at: number }[] = [];
      for (const one of steps) {
        const before = world.acts.length;
        const { git } = world;
        if ('change' in one) {
          changes.push({ file: one.change, at: world.now });
          world.change(one.change);
        } else if ('pass' in one) world.pass(one.pass);
        else world.git = one.git;
        if (git !== undefined) assert.equal(world.acts.length, before, 'nothing counts during an operation of git');
      }
      world.git = undefined;
      world.pass(20_000);
      // Between two acts, what has changed since the first is what the second is for.
      let from = Number.NEGATIVE_INFINITY;
      for (const { at, files } of world.acts) {
        const own = changes.filter((change) => change.at >= from && change.at < at);
        assert.deepEqual(files, [...new Set(own.map(({ file }) => file))]);
        const [first, last] = [own[0], own.at(-1)];
        assert.ok(first && last && (at - last.at >= debounce || at - first.at >= minMaxWaitMillis));
        from = at;
      }
      assert.deepEqual(
        changes.filter((change) => change.at >= from),
        [],
        'none is left',
      );
    });
  });
});
