import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import * as z from 'zod';
import { markRange, type ProcessIdentity, type ProcessStat } from '../../../../src/platform/platform.ts';
import { descendantsIn } from '../../../../src/platform/walk.ts';
import { BirthMarks, isBirthMark } from '../../../../src/warden/external/birthMarks.ts';
import { limitMarkOf, treeWithMark } from '../../../../src/warden/marks.ts';
import { inertPlatform } from '../../../support/inertPlatform.ts';

/** Processes below one host, as far as their marks are concerned. */
class World {
  readonly marks = new Map<number, number | undefined>([[10, undefined]]);
  /** Where a process is no child of the host, or in no session of its own. */
  readonly changes = new Map<number, Partial<ProcessStat>>();
  /** Each time that processes are looked up. */
  onLook: () => void = () => undefined;
  readonly births = new BirthMarks({
    ...inertPlatform,
    stat: (pid) => (this.marks.has(pid) ? this.process(pid) : undefined),
    descendants: (roots: Iterable<ProcessIdentity>) => {
      this.onLook();
      return descendantsIn(
        [...this.marks.keys()].map((pid) => this.process(pid)),
        roots,
      );
    },
    marksOf: (pid) => ({ environment: [], limit: this.marks.get(pid) }),
    markRunning: ({ pid }: ProcessIdentity, mark: number | undefined, before?: number) => {
      if (!this.marks.has(pid) || this.marks.get(pid) !== before) return false;
      this.marks.set(pid, mark);
      return true;
    },
  });

  process(pid: number): ProcessStat {
    return { ...this.#plain(pid), ...this.changes.get(pid) };
  }

  #plain(pid: number): ProcessStat {
    const of = {
      group: pid,
      session: pid,
      alive: true,
      stopped: false,
      name: 'x',
      threads: 1,
      cpuMillis: 0,
      childrenCpuMillis: 0,
      memoryBytes: 0,
    };
    return { pid, startTime: pid, parent: pid === 10 ? 2 : 10, ...of };
  }

  /** The host starts it. */
  bear(pid: number, changes: Partial<ProcessStat> = {}): ProcessStat {
    this.changes.set(pid, changes);
    this.marks.set(pid, this.marks.get(10));
    return this.process(pid);
  }
}

describe('a mark that a process is born with', () => {
  it('is its tree’s where no sibling has it', () => {
    const world = new World();
    world.births.add(world.process(10));
    const first = world.births.markFor(world.bear(11));
    world.births.renew();
    const second = world.births.markFor(world.bear(12));
    assert.ok(first !== undefined && second !== undefined && first !== second);
    assert.deepEqual([world.marks.get(11), world.marks.get(12)], [first, second]);
    world.births.dispose();
    assert.equal(world.marks.get(10), undefined);
  });

  it('is no tree’s where two have it, whichever is looked at first and whatever becomes of it', () => {
    const world = new World();
    world.births.add(world.process(10));
    const [one, other] = [world.bear(11), world.bear(12)];
    const born = world.marks.get(11) ?? 0;
    const first = world.births.markFor(one) ?? 0;
    world.marks.set(11, first);
    const second = world.births.markFor(other) ?? 0;
    assert.ok(![first, second].includes(born) && first !== second);
    assert.ok([first, second].every((mark) => mark > born && !isBirthMark(mark)));
    world.births.dispose();
  });

  it('is its tree’s where what the host runs for itself has it, and no tree’s where that has started a session with it', () => {
    for (const [below, isOwn] of [
      [{ parent: 20, session: 10 }, true],
      [{ parent: 20, session: 21 }, false],
      [{ parent: 11, session: 21 }, true],
    ] as const) {
      const world = new World();
      world.births.add(world.process(10));
      const process = world.bear(11);
      world.bear(20, { session: 10 });
      world.bear(21, below);
      const born = world.marks.get(11);
      assert.equal(world.births.markFor(process) === born, isOwn, JSON.stringify(below));
      world.births.dispose();
    }
  });

  it('is its tree’s where that starts more processes while it is looked at', () => {
    const world = new World();
    world.births.add(world.process(10));
    const process = world.bear(11);
    let next = 100;
    world.onLook = () => {
      world.bear(next++, { parent: 11, session: 11 });
    };
    assert.equal(world.births.markFor(process), world.marks.get(11));
    assert.ok(next > 101);
    world.births.dispose();
  });

  it('is no tree’s where a sibling had ended before it was looked at', () => {
    const world = new World();
    world.births.add(world.process(10));
    const process = world.bear(12);
    world.births.markShared();
    assert.notEqual(world.births.markFor(process), world.marks.get(12));
    const next = world.bear(13);
    assert.equal(world.births.markFor(next), world.marks.get(13));
    // Given out once.
    assert.notEqual(world.births.markFor(next), world.marks.get(13));
    world.births.dispose();
  });

  it('is no tree’s where another warden has given it to the host, or where the parent is no host', () => {
    const world = new World();
    world.births.add(world.process(10));
    world.marks.set(10, markRange.from + 7 * 2 ** 16);
    assert.notEqual(world.births.markFor(world.bear(11)), markRange.from + 7 * 2 ** 16);
    world.births.renew();
    const child = { ...world.bear(12), parent: 11 };
    assert.equal(world.births.markFor(child), undefined);
    world.births.dispose();
  });

  it('is not given where the host carries a tree’s, and taken over from a warden that is gone', () => {
    const world = new World();
    world.marks.set(10, markRange.from + 1);
    world.births.add(world.process(10));
    assert.equal(world.marks.get(10), markRange.from + 1);
    assert.equal(world.births.markFor(world.bear(11)), undefined);
    world.marks.set(10, markRange.from + 3 * 2 ** 16);
    world.births.add(world.process(10));
    assert.notEqual(world.marks.get(10), markRange.from + 3 * 2 ** 16);
    world.births.dispose();
    assert.equal(world.marks.get(10), undefined);
  });
});

describe('a tree that takes a mark', () => {
  it('has an id that stands for it', () =>
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 50n - 1n }), (offset) => {
        const mark = markRange.from + Number(offset);
        const id = treeWithMark(mark);
        assert.equal(limitMarkOf(id), mark);
        assert.ok(z.uuid().safeParse(id).success);
      }),
    ));
});
