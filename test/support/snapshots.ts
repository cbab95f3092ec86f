import type { MemberSnapshot, TreeId, TreeSnapshot } from '../../src/protocol/messages.ts';

/** A member in which only `changes` matter. */
export function aMember(pid: number, changes: Partial<MemberSnapshot> = {}): MemberSnapshot {
  return { pid, parent: 1, name: `p${pid}`, threads: 1, cpuPercent: 0, memoryBytes: 0, zombie: false, stray: false, ...changes };
}

/** A tree that runs, in which only `changes` matter. */
export function aTree(changes: Partial<TreeSnapshot> = {}): TreeSnapshot {
  return {
    id: 'one' as TreeId,
    name: 'web',
    state: 'ready',
    health: 'unknown',
    reason: 'running',
    startedAt: 0,
    commandLine: 'x',
    cwd: '/',
    stdio: 'pty',
    lifetime: 'managed',
    containment: 'group',
    members: [],
    cpuPercent: 0,
    memoryBytes: 0,
    readRate: 0,
    writeRate: 0,
    zombies: 0,
    ...changes,
  };
}
