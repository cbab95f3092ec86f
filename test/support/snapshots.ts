import type { TreeId } from '../../src/protocol/identity.ts';
import type { InstanceSnapshot, ModelSnapshot } from '../../src/protocol/models.ts';
import type { MemberSnapshot, TreeSnapshot } from '../../src/protocol/snapshot.ts';

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

const noAnswers = { requests: 0, failures: 0, inputTokens: 0, outputTokens: 0 };

/** A server that is ready, and has answered nothing yet. */
export const anInstance = (name: string): InstanceSnapshot => ({ name, state: 'ready', outstanding: 0, statistics: noAnswers });

/** A model that is ready, in which only `changes` matter. */
export function aModel(changes: Partial<ModelSnapshot> = {}): ModelSnapshot {
  return {
    name: 'small',
    aliases: [],
    runtime: 'llama.cpp',
    state: 'ready',
    reason: '',
    instances: [anInstance('small')],
    wanted: 1,
    outstanding: 0,
    capacity: 4,
    queued: 0,
    statistics: noAnswers,
    ...changes,
  };
}
