import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { uncontained } from '../../../../src/platform/container.ts';
import type { Marks, Platform, ProcessIdentity, ProcessStat } from '../../../../src/platform/platform.ts';
import { descendantsIn } from '../../../../src/platform/walk.ts';
import type { TreeId } from '../../../../src/protocol/identity.ts';
import { limitMarkNamed, limitMarkOf } from '../../../../src/warden/marks.ts';
import { Membership } from '../../../../src/warden/trees/membership.ts';
import { inertPlatform } from '../../../support/inertPlatform.ts';

const warden = 100;
const first = '10000000-0000-4000-8000-000000000001' as TreeId;
const second = '20000000-0000-4000-8000-000000000002' as TreeId;

/** A process table that a test can change between two looks. */
class FakeMachine {
  processes: ProcessStat[] = [];
  readonly marks = new Map<number, Partial<Marks>>();
  readonly reaped: number[] = [];
  adoptsOrphans = true;
  /** Called in the middle of a walk in turns: what is found is from before, what is there is from after it. */
  meanwhile: () => void = () => undefined;
  /** Pids that only a thorough look finds: children of other threads than the main one. */
  readonly hidden = new Set<number>();
  /** Number of walks that were done in one step. */
  steps = 0;
  /** Called before a process that a walk has found is looked at by itself. */
  ends: (pid: number) => void = () => undefined;

  add(pid: number, parent: number, changes: Partial<ProcessStat> = {}): ProcessStat {
    const process: ProcessStat = {
      pid,
      parent,
      startTime: pid,
      group: pid,
      session: pid,
      alive: true,
      stopped: false,
      name: `p${pid}`,
      threads: 1,
      cpuMillis: 0,
      childrenCpuMillis: 0,
      memoryBytes: 0,
      ...changes,
    };
    this.processes = [...this.processes.filter((other) => other.pid !== pid), process];
    return process;
  }

  remove(pid: number): void {
    this.processes = this.processes
      .filter((process) => process.pid !== pid)
      .map((process) => (process.parent === pid ? { ...process, parent: warden } : process));
  }

  descendants(roots: Iterable<ProcessIdentity>, thorough: boolean): ProcessStat[] {
    const seen = this.processes.filter(({ pid }) => thorough || !this.hidden.has(pid));
    return descendantsIn(seen, roots);
  }

  get platform(): Platform {
    return {
      ...inertPlatform,
      adoptsOrphans: this.adoptsOrphans,
      stat: (pid) => this.processes.find((process) => process.pid === pid),
      descendants: (roots: Iterable<ProcessIdentity>, thorough: boolean) => {
        this.steps++;
        return this.descendants(roots, thorough);
      },
      descendantsInTurns: async (roots: Iterable<ProcessIdentity>, thorough: boolean) => {
        const found = this.descendants(roots, thorough);
        await Promise.resolve();
        this.meanwhile();
        return found;
      },
      allProcesses: () => this.processes,
      reap: (pid) => void this.reaped.push(pid),
      marksOf: (pid) => {
        this.ends(pid);
        return { environment: [], limit: undefined, ...this.marks.get(pid) };
      },
    };
  }
}

function guarded(): { machine: FakeMachine; membership: Membership; membersOf: (tree: TreeId) => number[]; strays: () => number[] } {
  const machine = new FakeMachine();
  const membership = new Membership(machine.platform, machine.add(warden, 1));
  membership.addLeader(first, machine.add(200, warden), uncontained);
  membership.addLeader(second, machine.add(300, warden), uncontained);
  return {
    machine,
    membership,
    membersOf: (tree) => (membership.census(true).members.get(tree) ?? []).map((process) => process.pid),
    strays: () => membership.census(true).strays.map((process) => process.pid),
  };
}

describe('membership', () => {
  it('follows parents, whatever group and session they choose', () => {
    const { machine, membersOf } = guarded();
    machine.add(201, 200);
    machine.add(202, 201);
    machine.add(301, 300);
    assert.deepEqual(membersOf(first), [200, 201, 202]);
    assert.deepEqual(membersOf(second), [300, 301]);
  });

  it('remembers whom it has seen when their parents leave', () => {
    const { machine, membersOf } = guarded();
    machine.add(201, 200);
    machine.add(202, 201);
    membersOf(first);
    machine.remove(201);
    assert.deepEqual(membersOf(first).sort(), [200, 202]);
  });

  it('knows an orphan that it has never seen by each mark alone', () => {
    const { machine, membersOf } = guarded();
    machine.add(400, warden, { session: 200 });
    machine.add(401, warden);
    machine.marks.set(401, { environment: ['00000000-0000-4000-8000-00000000ffff', first] });
    machine.add(402, warden);
    machine.marks.set(402, { limit: limitMarkOf(first) });
    assert.deepEqual(membersOf(first).sort(), [200, 400, 401, 402]);
    assert.deepEqual(membersOf(second), [300]);
  });

  it('trusts a mark more than the number of a session', () => {
    const { machine, membersOf } = guarded();
    machine.add(400, warden, { session: 200 });
    machine.marks.set(400, { limit: limitMarkOf(second) });
    assert.deepEqual(membersOf(first), [200]);
    assert.deepEqual(membersOf(second), [300, 400]);
  });

  it('lists an orphan without any mark as a stray, with what descends from it', () => {
    const { machine, strays } = guarded();
    machine.add(400, warden);
    machine.add(401, 400);
    assert.deepEqual(strays(), [400, 401]);
  });

  it('never takes a stranger who was given the pid of a member, nor his children', () => {
    const { machine, membersOf, strays } = guarded();
    machine.add(201, 200);
    membersOf(first);
    machine.remove(201);
    machine.add(201, 1, { startTime: 9999 });
    machine.add(500, 201);
    assert.deepEqual(membersOf(first), [200]);
    assert.deepEqual(strays(), []);
  });

  it('finds the same in turns', async () => {
    const { machine, membership } = guarded();
    machine.add(201, 200);
    machine.add(400, warden);
    const { members, strays } = await membership.censusInTurns(false);
    assert.deepEqual(
      [...members.values(), strays].map((processes) => processes.map(({ pid }) => pid)),
      [[200, 201], [300], [400]],
    );
    assert.equal(membership.census(false).members.get(first)?.length, 2);
  });

  it('forgets nothing that was learned in the middle of a look in turns', async () => {
    const { machine, membership, membersOf, strays } = guarded();
    machine.meanwhile = () => {
      machine.add(201, 200);
      machine.add(202, 201);
      membersOf(first);
      machine.remove(201);
    };
    const { members } = await membership.censusInTurns(false);
    assert.deepEqual(
      members.get(first)?.map(({ pid }) => pid),
      [200, 201, 202],
    );
    assert.deepEqual(membersOf(first).sort(), [200, 202]);
    assert.deepEqual(strays(), []);
  });

  it('takes a thorough look where only one that is not was taken in the middle of it', async () => {
    const { machine, membership } = guarded();
    machine.add(201, 200);
    machine.hidden.add(201);
    machine.meanwhile = () => {
      machine.meanwhile = () => undefined;
      membership.census(false);
    };
    const { members } = await membership.censusInTurns(true);
    assert.deepEqual(
      members.get(first)?.map(({ pid }) => pid),
      [200, 201],
    );
  });

  it('keeps to turns where processes fork and exit without pause', async () => {
    const { machine, membership } = guarded();
    let pid = 400;
    machine.add(pid, warden);
    machine.meanwhile = () => {
      machine.remove(pid);
      machine.add(++pid, warden);
    };
    const { strays } = await membership.censusInTurns(false);
    assert.deepEqual([strays, machine.steps], [[], 0]);
  });

  it('gets its answer where all walks in turns are overtaken', async () => {
    const { machine, membership } = guarded();
    machine.add(201, 200);
    machine.hidden.add(201);
    machine.meanwhile = () => void membership.census(false);
    const { members } = await membership.censusInTurns(true);
    assert.deepEqual(
      members.get(first)?.map(({ pid }) => pid),
      [200, 201],
    );
  });

  it('takes none for a stray that was given the pid of one in the middle of a look in turns', async () => {
    const { machine, membership } = guarded();
    machine.add(400, warden);
    machine.meanwhile = () => {
      machine.remove(400);
      machine.add(400, 1, { startTime: 9999 });
    };
    assert.deepEqual((await membership.censusInTurns(false)).strays, []);
  });

  it('answers no look in turns with an older one', async () => {
    const { machine, membership } = guarded();
    const older = membership.censusInTurns(false);
    machine.add(201, 200);
    const newer = await membership.censusInTurns(false);
    assert.deepEqual(
      [await older, newer].map(({ members }) => members.get(first)?.map(({ pid }) => pid)),
      [[200], [200, 201]],
    );
  });

  it('forgets none that was taken over in the middle of a look in turns', async () => {
    const { machine, membership } = guarded();
    // Below another process, and without a mark: only what is known ties it to its tree.
    const adopted = machine.add(600, 1);
    machine.meanwhile = () => {
      machine.meanwhile = () => undefined;
      membership.addAdopted([adopted], second);
    };
    const { members } = await membership.censusInTurns(false);
    assert.deepEqual(
      members.get(second)?.map(({ pid }) => pid),
      [300, 600],
    );
  });

  it('reaps no process that was given the pid of a zombie in the middle of a look in turns', async () => {
    const { machine, membership } = guarded();
    machine.add(200, warden, { alive: false });
    machine.meanwhile = () => {
      // Node collects its exit status, and spawns another one with this pid, which ends.
      membership.forgetSpawned(200);
      machine.add(200, warden, { startTime: 9999, alive: false });
    };
    await membership.censusInTurns(false);
    assert.deepEqual(machine.reaped, []);
  });
  for (const [how, look] of [
    ['at once', (membership: Membership) => Promise.resolve(membership.census(false))],
    ['in turns', (membership: Membership) => membership.censusInTurns(false)],
  ] as const)
    it(`looks again where a process has ended before its tree was known, for what it has left: ${how}`, async () => {
      const { machine, membership } = guarded();
      machine.add(400, warden);
      machine.ends = (pid) => {
        if (pid !== 400) return;
        machine.remove(400);
        machine.add(401, warden, { session: 200 });
      };
      const { members, strays } = await look(membership);
      assert.deepEqual(
        [members.get(first), strays].map((processes) => processes?.map(({ pid }) => pid)),
        [[200, 401], []],
      );
    });

  it('survives ten thousand rounds of pids that come, go and are given to others', () => {
    const { machine, membersOf } = guarded();
    let time = 1000;
    const random = seeded(42);
    const truth = new Map<number, { startTime: number; member: boolean }>();
    for (let round = 0; round < 10_000; round++) {
      const pid = 201 + Math.floor(random() * 12);
      const before = truth.get(pid);
      if (before && random() < 0.5) {
        truth.delete(pid);
        machine.remove(pid);
        // A stranger's children go to init, not to the warden.
        machine.processes = machine.processes.map((process) =>
          process.parent === warden && !truth.get(process.pid)?.member && process.pid > 200 && process.pid < 300
            ? { ...process, parent: 1 }
            : process,
        );
      } else if (!before) {
        const member = random() < 0.5;
        time++;
        truth.set(pid, { startTime: time, member });
        machine.add(pid, member ? 200 : 1, { startTime: time });
      }
      const expected = [200, ...[...truth].filter(([, { member }]) => member).map(([pid_]) => pid_)].sort();
      assert.deepEqual(membersOf(first).sort(), expected, `round ${round}`);
    }
  });

  it('reaps adopted zombies, and leaves to Node what Node has spawned', () => {
    const { machine, membership } = guarded();
    machine.add(200, warden, { alive: false });
    machine.add(400, warden, { alive: false });
    machine.add(401, 300, { alive: false });
    membership.census(false);
    assert.deepEqual(machine.reaped, [400]);
    membership.forgetSpawned(200);
    membership.census(false);
    assert.deepEqual(machine.reaped, [400, 200, 400]);
  });

  it('leaves its own helper processes out, and what they start', () => {
    const { machine, membership, strays } = guarded();
    machine.add(150, warden);
    machine.add(151, 150);
    membership.addHelper(150);
    assert.deepEqual(strays(), []);
  });

  it('searches the machine for marks where orphans do not come back', () => {
    const machine = new FakeMachine();
    machine.adoptsOrphans = false;
    const membership = new Membership(machine.platform, machine.add(warden, 1));
    membership.addLeader(first, machine.add(200, warden), uncontained);
    machine.add(900, 1);
    machine.marks.set(900, { environment: [first] });
    machine.add(901, 1);
    assert.deepEqual(
      membership
        .census(true)
        .members.get(first)
        ?.map((process) => process.pid),
      [200, 900],
    );
  });
});

describe('the number that a tree is marked with', () => {
  it('is its own, whole, and huge', () => {
    const marks = new Set(Array.from({ length: 1000 }, () => limitMarkOf(crypto.randomUUID())));
    assert.equal(marks.size, 1000);
    for (const mark of marks) assert.ok(Number.isSafeInteger(mark) && mark >= 2 ** 51);
  });

  it('is none where what is said to be its id is none, whatever that is', () => {
    const id = crypto.randomUUID();
    assert.equal(limitMarkNamed(id), limitMarkOf(id));
    const alike = fc.string({ unit: fc.constantFrom(...'-0f'), minLength: 36, maxLength: 36 });
    fc.assert(
      fc.property(fc.oneof(alike, fc.string()), (text) => limitMarkNamed(text) === undefined),
      {
        examples: [['-'.repeat(36)], [`${id}\n`], [id.toUpperCase()], ['']],
      },
    );
  });
});

/** mulberry32: small, seeded, good enough to wander. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
