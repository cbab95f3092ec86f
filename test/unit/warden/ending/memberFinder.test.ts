/** Whatever a record claims: who is found is no protected process, none that is older than the tree, and none of another user. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Platform, ProcessStat } from '../../../../src/platform/platform.ts';
import { descendantsIn } from '../../../../src/platform/walk.ts';
import type { TreeId } from '../../../../src/protocol/identity.ts';
import type { TreeRecord } from '../../../../src/records/records.ts';
import { MemberFinder } from '../../../../src/warden/ending/memberFinder.ts';
import { limitMarkOf } from '../../../../src/warden/marks.ts';
import { inertPlatform } from '../../../support/inertPlatform.ts';

const tree = '11111111-1111-4111-8111-111111111111' as TreeId;

interface Fake {
  readonly pid: number;
  readonly parent: number;
  readonly startTime: number;
  readonly session: number;
  readonly isOwnedByUser: boolean;
  readonly marked: boolean;
  readonly isProtected: boolean;
}

const small = fc.integer({ min: 2, max: 12 });
const fakes = fc.uniqueArray(
  fc.record({
    ...{ pid: small, parent: small, startTime: fc.integer({ min: 0, max: 9 }), session: small },
    ...{ isOwnedByUser: fc.boolean(), marked: fc.boolean(), isProtected: fc.boolean() },
  }),
  { selector: ({ pid }) => pid, maxLength: 8 },
);
const identities = fc.array(fc.record({ pid: small, startTime: fc.integer({ min: 0, max: 9 }) }), { maxLength: 6 });

function machine(processes: readonly Fake[]): Platform {
  const stats = processes.map(
    ({ pid, parent, startTime, session }): ProcessStat => ({
      ...{ pid, parent, startTime, group: pid, session, alive: true, stopped: false, name: 'p', threads: 1 },
      ...{ cpuMillis: 0, childrenCpuMillis: 0, memoryBytes: 0 },
    }),
  );
  const of = (pid: number): Fake | undefined => processes.find((process) => process.pid === pid);
  return {
    ...inertPlatform,
    stat: (pid) => stats.find((process) => process.pid === pid),
    allProcesses: () => stats,
    descendants: (roots) => descendantsIn(stats, roots),
    isOwnedByUser: (pid) => of(pid)?.isOwnedByUser ?? false,
    isProtected: (pid) => of(pid)?.isProtected ?? pid <= 1,
    marksOf: (pid) => ({ environment: [], limit: of(pid)?.marked ? limitMarkOf(tree) : undefined }),
  };
}

function recordOf(leader: TreeRecord['leader'], session: number | null, members: TreeRecord['members']): TreeRecord {
  return {
    ...{ format: 1, tree, name: 'it', bootId: 'one', startedAt: 0, containment: 'group', container: null, detached: null, group: null },
    ...{ leader, session, members },
  };
}

describe('members by a record', () => {
  it('are never protected, older or strangers, unless a member has become one', () => {
    fc.assert(
      fc.property(
        ...([fakes, identities, fc.option(small), fc.array(small), fc.integer({ min: 0, max: 9 }), fc.option(small)] as const),
        (processes, members, session, contained, wardenStart, leaderPid) => {
          const platform = machine(processes);
          const leader = leaderPid === null ? null : { pid: leaderPid, startTime: platform.stat(leaderPid)?.startTime ?? 5 };
          const finder = new MemberFinder(platform, recordOf(leader, session, members), {
            process: { pid: 2, startTime: wardenStart },
            lifetime: 'managed',
          });
          const notBefore = Math.max(wardenStart, leader?.startTime ?? 0);
          const isRoot = ({ pid, startTime, isOwnedByUser, marked }: Fake): boolean => {
            const known = contained.includes(pid) || members.some((one) => one.pid === pid && one.startTime === startTime);
            return startTime >= notBefore && (isOwnedByUser || (known && marked));
          };
          const found = finder.find(contained);
          for (const { pid } of found) {
            const process = processes.find((one) => one.pid === pid) ?? assert.fail();
            assert.ok(!process.isProtected, `${pid} is protected`);
            const above = ancestry(processes, process);
            assert.ok(
              above.some((one) => isRoot(one) && !one.isProtected),
              `nothing of the tree is above ${pid}`,
            );
          }
          for (const pid of contained) {
            const process = processes.find((one) => one.pid === pid);
            if (!process || !finder.mayKill(pid)) continue;
            assert.ok(!process.isProtected && (isRoot(process) || found.some((one) => one.pid === pid)), `${pid} would be killed`);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('are those that a member has forked, whichever user they have become, also when it has ended', () => {
    const child = { pid: 3, parent: 2, startTime: 5, session: 3, isOwnedByUser: false, marked: false, isProtected: false };
    const processes: Fake[] = [{ ...child, pid: 2, parent: 1, isOwnedByUser: true, marked: true }, child];
    const finder = new MemberFinder(machine(processes), recordOf(null, null, []));
    assert.deepEqual(
      finder.find().map(({ pid }) => pid),
      [2, 3],
    );
    processes.splice(0, 2, { ...child, parent: 1 });
    assert.deepEqual(new MemberFinder(machine(processes), recordOf(null, null, [])).find(), []);
  });
});

function ancestry(processes: readonly Fake[], process: Fake): Fake[] {
  const found = [process];
  for (const one of found) {
    const parent = processes.find(({ pid }) => pid === one.parent);
    if (parent && !found.includes(parent)) found.push(parent);
  }
  return found;
}
