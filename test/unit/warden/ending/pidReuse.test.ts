/** Ten thousand rounds on a simulated kernel that hands out few pids again and again: no signal ever reaches a non-member. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { uncontained } from '../../../../src/platform/container.ts';
import type { Marks, Platform, ProcessIdentity, ProcessStat } from '../../../../src/platform/platform.ts';
import { descendantsIn } from '../../../../src/platform/walk.ts';
import type { TreeId } from '../../../../src/protocol/identity.ts';
import type { TreeRecord } from '../../../../src/records/records.ts';
import { MemberFinder } from '../../../../src/warden/ending/memberFinder.ts';
import { limitMarkOf } from '../../../../src/warden/marks.ts';
import { Membership } from '../../../../src/warden/trees/membership.ts';
import { inertPlatform } from '../../../support/inertPlatform.ts';
import { randomFrom } from '../../../support/random.ts';

const wardenPid = 2;
const pidCount = 60;
const rounds = 10_000;

interface SimulatedProcess extends ProcessStat {
  parent: number;
  group: number;
  session: number;
  alive: boolean;
  /** The truth, which the code under test has to find out. */
  readonly tree: TreeId | undefined;
  marks: Marks;
}

/** Gives out pids in a circle, as Linux does: never one that is still a process's, a group's or a session's number. */
class SimulatedKernel {
  readonly processes = new Map<number, SimulatedProcess>();
  readonly random: () => number;
  #nextPid = wardenPid;
  #clock = 1;

  constructor(random: () => number) {
    this.random = random;
  }

  add(parent: number, tree: TreeId | undefined, marks: Marks): SimulatedProcess | undefined {
    const inUse = new Set([...this.processes.values()].flatMap(({ pid, group, session }) => [pid, group, session]));
    for (let tried = 0; tried < pidCount; tried++) {
      const pid = this.#nextPid;
      this.#nextPid = pid + 1 > pidCount ? wardenPid : pid + 1;
      if (inUse.has(pid)) continue;
      const from = this.processes.get(parent);
      const process: SimulatedProcess = {
        ...{ pid, parent, tree, marks, startTime: this.#clock++, alive: true, stopped: false, name: 'p', threads: 1 },
        ...{ group: from?.group ?? pid, session: from?.session ?? pid, cpuMillis: 0, childrenCpuMillis: 0, memoryBytes: 0 },
      };
      this.processes.set(pid, process);
      return process;
    }
    return undefined;
  }

  pick(): SimulatedProcess | undefined {
    const all = [...this.processes.values()].filter(({ pid, alive }) => alive && pid !== wardenPid);
    return all[Math.floor(this.random() * all.length)];
  }

  end(process: SimulatedProcess): void {
    this.processes.delete(process.pid);
    // Orphans of a tree come back to the warden, others go to init.
    for (const child of this.processes.values())
      if (child.parent === process.pid) child.parent = child.tree !== undefined && this.processes.has(wardenPid) ? wardenPid : 1;
  }

  /** Something happens, mostly to processes of no tree. */
  tick(): void {
    const process = this.pick();
    const what = this.random();
    if (what < 0.25) this.add(1, undefined, { environment: [], limit: undefined });
    else if (process === undefined) return;
    else if (what < 0.5) this.add(process.pid, process.tree, process.marks);
    else if (what < 0.6 && !this.#numbers(process).includes(process.pid))
      Object.assign(process, { group: process.pid, session: process.pid });
    else if (what < 0.65) process.marks = { ...process.marks, environment: [] };
    else this.end(process);
  }

  #numbers(process: SimulatedProcess): number[] {
    return [...this.processes.values()].filter((other) => other !== process).flatMap(({ group, session }) => [group, session]);
  }

  platform(): Platform {
    const allProcesses = (): ProcessStat[] => [...this.processes.values()].map((process) => ({ ...process }));
    return {
      ...inertPlatform,
      stat: (pid) => this.processes.get(pid),
      descendants: (roots) => descendantsIn(allProcesses(), roots),
      allProcesses,
      marksOf: (pid) => this.processes.get(pid)?.marks ?? { environment: [], limit: undefined },
    };
  }
}

/** What a pidfd guarantees: a signal reaches this very process or none. */
function assertReachesOnly(kernel: SimulatedKernel, tree: TreeId, { pid, startTime }: ProcessIdentity, where: string): boolean {
  const there = kernel.processes.get(pid);
  if (there?.startTime !== startTime) return false;
  assert.equal(there.tree, tree, where);
  return true;
}

describe('with few pids', () => {
  it('a warden signals its members only', () => {
    const seed = Date.now() % 1_000_000;
    const kernel = new SimulatedKernel(randomFrom(seed));
    kernel.add(1, undefined, { environment: [], limit: undefined });
    const platform = kernel.platform();
    const self = platform.stat(wardenPid) ?? assert.fail();
    const membership = new Membership(platform, self);
    const trees: TreeId[] = [];
    let sent = 0;
    for (let round = 0; round < rounds; round++) {
      if (trees.length < 4) start(round);
      for (let ticks = 0; ticks < 4; ticks++) kernel.tick();
      const where = `seed ${seed}, round ${round}`;
      const { members } = membership.census(true);
      for (const [tree, processes] of members)
        for (const process of processes) {
          // Between the look and the signal, pids change hands.
          if (kernel.random() < 0.5) kernel.tick();
          if (assertReachesOnly(kernel, tree, process, where)) sent++;
        }
      for (const process of kernel.processes.values()) if (process.tree !== undefined && kernel.random() < 0.02) kernel.end(process);
      for (const tree of [...trees]) if (![...kernel.processes.values()].some((process) => process.tree === tree)) finish(tree);
    }
    assert.ok(sent > rounds, `${sent} signals`);

    function start(round: number): void {
      const tree = treeOf(round);
      const leader = kernel.add(wardenPid, tree, { environment: [tree], limit: limitMarkOf(tree) });
      if (!leader) return;
      Object.assign(leader, { group: leader.pid, session: leader.pid });
      membership.addLeader(tree, leader, uncontained);
      trees.push(tree);
    }

    function finish(tree: TreeId): void {
      membership.census(true);
      membership.forgetTree(tree);
      trees.splice(trees.indexOf(tree), 1);
    }
  });

  it('a reaper signals those of its record only, however old that is', () => {
    const seed = Date.now() % 1_000_000;
    const random = randomFrom(seed);
    let sent = 0;
    for (let round = 0; round < rounds / 10; round++) {
      const kernel = new SimulatedKernel(random);
      const tree = treeOf(round);
      kernel.add(1, undefined, { environment: [], limit: undefined });
      for (let ticks = 0; ticks < 5; ticks++) kernel.tick();
      const leader = kernel.add(wardenPid, tree, { environment: [tree], limit: limitMarkOf(tree) }) ?? assert.fail();
      Object.assign(leader, { group: leader.pid, session: leader.pid });
      for (let ticks = 0; ticks < 20; ticks++) kernel.tick();
      const record = recordOf(
        tree,
        leader,
        [...kernel.processes.values()].filter((process) => process.tree === tree),
      );
      kernel.end(kernel.processes.get(wardenPid) ?? assert.fail());
      const finder = new MemberFinder(kernel.platform(), record);
      for (let look = 0; look < 10; look++) {
        for (let ticks = 0; ticks < 10; ticks++) kernel.tick();
        for (const process of finder.find()) {
          if (kernel.random() < 0.5) kernel.tick();
          if (assertReachesOnly(kernel, tree, process, `seed ${seed}, round ${round}, look ${look}`)) sent++;
        }
      }
    }
    assert.ok(sent > rounds / 10, `${sent} signals`);
  });
});

function recordOf(tree: TreeId, leader: ProcessStat, members: readonly ProcessIdentity[]): TreeRecord {
  return {
    ...{ format: 1, tree, name: 'it', bootId: 'one', startedAt: 0, containment: 'group', container: null, detached: null },
    leader: { pid: leader.pid, startTime: leader.startTime },
    group: leader.pid,
    session: leader.pid,
    members: members.map(({ pid, startTime }) => ({ pid, startTime })),
  };
}

/** The mark is made of the last digits. */
function treeOf(round: number): TreeId {
  return `00000000-0000-4000-8000-${String(round).padStart(12, '0')}` as TreeId;
}
