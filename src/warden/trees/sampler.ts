import { performance } from 'node:perf_hooks';
import type { ListeningPort, ProcessStat, Usage } from '../../platform/platform.ts';
import type { MemberSnapshot } from '../../protocol/messages.ts';

export interface MemberFigures {
  readonly members: readonly MemberSnapshot[];
  /** Percent of one core, all members together. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly zombies: number;
}

/** What was read of all processes of a sample, by pid. */
export interface Readings {
  readonly usage: ReadonlyMap<number, Usage>;
  readonly ports: ReadonlyMap<number, readonly ListeningPort[]>;
}

interface Reading {
  readonly startTime: number;
  readonly cpuMillis: number;
  readonly at: number;
}

/** Turns counters that grow since a process's start into percent over the interval between two looks. */
export class Sampler {
  readonly #now: () => number;
  #last = new Map<number, Reading>();
  #current = new Map<number, Reading>();

  /** `now` in milliseconds, monotonic. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** To be called before the trees of one sample are measured: what was read then is what they are compared with. */
  beginSample(): void {
    this.#last = this.#current;
    this.#current = new Map();
  }

  measure(leader: ProcessStat | undefined, processes: readonly ProcessStat[], { usage, ports }: Readings): MemberFigures {
    const members = processes.map((process) => {
      const listensOn = ports.get(process.pid);
      return { ...this.#measureMember(process, usage.get(process.pid), leader), ...(listensOn && { ports: listensOn }) };
    });
    return {
      members,
      cpuPercent: sum(members, (member) => member.cpuPercent),
      memoryBytes: sum(members, (member) => member.memoryBytes),
      zombies: members.filter((member) => member.zombie).length,
    };
  }

  #measureMember(process: ProcessStat, usage: Usage | undefined, leader: ProcessStat | undefined): MemberSnapshot {
    const { pid, parent, name, alive, startTime } = process;
    const cpuMillis = usage?.cpuMillis ?? 0;
    const at = this.#now();
    const last = this.#last.get(pid);
    this.#current.set(pid, { startTime, cpuMillis, at });
    const isSame = last !== undefined && last.startTime === startTime && at > last.at;
    return {
      pid,
      parent,
      name,
      cpuPercent: isSame ? Math.max(0, ((cpuMillis - last.cpuMillis) / (at - last.at)) * 100) : 0,
      memoryBytes: alive ? (usage?.memoryBytes ?? 0) : 0,
      zombie: !alive,
      stray: leader !== undefined && process.group !== leader.group && process.session !== leader.session,
    };
  }
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
