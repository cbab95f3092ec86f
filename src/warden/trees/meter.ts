import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { hasStrayed, type ListeningPort, type ProcessIdentity, type ProcessStat, type Usage } from '../../platform/platform.ts';
import type { GpuUsage, MemberSnapshot, TreeSnapshot } from '../../protocol/snapshot.ts';

/** What a tree's snapshot says of its use. */
export type Figures = Pick<
  TreeSnapshot,
  'members' | 'cpuPercent' | 'memoryBytes' | 'peakMemoryBytes' | 'cpuMillis' | 'readRate' | 'writeRate' | 'zombies' | 'gpu'
>;

/** Since the start. */
export interface Used {
  readonly cpuMillis: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

export const noFigures: Figures = { members: [], cpuPercent: 0, memoryBytes: 0, readRate: 0, writeRate: 0, zombies: 0 };

/** What was read of all processes of a sample, by pid. */
export interface Readings {
  /** When the usage was read, in milliseconds, monotonic: on a busy machine, some time before it is added up. Absent: now. */
  readonly at?: number;
  readonly usage: ReadonlyMap<number, Usage>;
  readonly ports: ReadonlyMap<number, readonly ListeningPort[]>;
}

/**
 * Two looks that are closer than this are not compared: the kernel counts in steps of 10 ms. Several may ask at once, each at a
 * pace of its own.
 */
const shortestMillis = 200;

const cores = availableParallelism();

/** What a process has used since its start, the children included that it has waited for. */
interface Reading extends ProcessIdentity {
  readonly parent: number;
  readonly ownCpuMillis: number;
  readonly cpuMillis: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

type Counter = 'cpuMillis' | 'readBytes' | 'writtenBytes';

interface Look {
  /** Milliseconds, monotonic. */
  readonly at: number;
  readonly readings: ReadonlyMap<number, Reading>;
  /** Usage of all processes that have ever been in the tree, where its container counts that. */
  readonly treeCpuMillis: number | undefined;
}

/** Turns counters that only grow into what one tree uses, by comparing two looks at it. */
export class Meter {
  readonly #now: () => number;
  /** The one to compare with, and the newest that may take its place. */
  #base: Look | undefined;
  #newest: Look | undefined;
  #used: Used = { cpuMillis: 0, readBytes: 0, writtenBytes: 0 };

  /** `now` in milliseconds, monotonic. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Usage of all processes that have ever been seen in the tree. */
  get used(): Used {
    return this.#used;
  }

  /** `treeCpuMillis`: what the container has counted, if it does. */
  measure(
    leader: (ProcessIdentity & { readonly group: number; readonly session: number }) | undefined,
    processes: readonly ProcessStat[],
    { usage, ports, at = this.#now() }: Readings,
    treeCpuMillis?: number,
  ): Figures {
    if (this.#newest && at - this.#newest.at >= shortestMillis) this.#base = this.#newest;
    const readings = new Map(processes.map((process) => [process.pid, readingOf(process, usage.get(process.pid))]));
    const look: Look = { at, readings, treeCpuMillis };
    if (this.#newest === undefined || this.#base === this.#newest) {
      this.#used = addGrowth(this.#used, this.#newest, look);
      this.#newest = look;
    }
    const base = this.#base;
    const seconds = base ? (at - base.at) / 1000 : 0;
    const rate = (amount: number): number => (seconds > 0 ? amount / seconds : 0);
    const grown = (counter: Counter): number => (base ? grownBetween(base.readings, readings, counter) : 0);
    const members = processes.map((process): MemberSnapshot => {
      const { pid, parent, name, alive, threads } = process;
      const listensOn = ports.get(pid);
      const gpu = usage.get(pid)?.gpu;
      const ownMillis = base ? ownGrowth(base.readings, readings.get(pid)) : 0;
      return {
        pid,
        parent,
        name,
        threads,
        cpuPercent: Math.min(rate(ownMillis) / 10, cores * 100),
        memoryBytes: alive ? (usage.get(pid)?.memoryBytes ?? 0) : 0,
        zombie: !alive,
        stray: leader !== undefined && hasStrayed(process, leader),
        ...(listensOn && { ports: listensOn }),
        ...(gpu && { gpu }),
      };
    });
    const gpu = sumOfGpus(members);
    return {
      members,
      ...(gpu && { gpu }),
      cpuPercent: Math.min(rate(base ? cpuGrowth(base, look) : 0) / 10, cores * 100),
      memoryBytes: members.reduce((sum, member) => sum + member.memoryBytes, 0),
      readRate: rate(grown('readBytes')),
      writeRate: rate(grown('writtenBytes')),
      zombies: members.filter((member) => member.zombie).length,
    };
  }
}

function sumOfGpus(members: readonly MemberSnapshot[]): GpuUsage | undefined {
  const used = members.flatMap(({ gpu }) => gpu ?? []);
  if (used.length === 0) return undefined;
  const sum = (of: keyof GpuUsage): number => used.reduce((total, gpu) => total + gpu[of], 0);
  return { memoryBytes: sum('memoryBytes'), percent: sum('percent') };
}

/** As its container has counted it, if it does. */
function cpuGrowth(before: Look, now: Look): number {
  return now.treeCpuMillis !== undefined && before.treeCpuMillis !== undefined
    ? now.treeCpuMillis - before.treeCpuMillis
    : grownBetween(before.readings, now.readings, 'cpuMillis');
}

/** Before the first look, everything is growth: what the container has counted until then, too. */
function addGrowth(used: Used, before: Look | undefined, now: Look): Used {
  const from: Look = before ?? { at: 0, readings: new Map(), treeCpuMillis: 0 };
  return {
    cpuMillis: used.cpuMillis + cpuGrowth(from, now),
    readBytes: used.readBytes + grownBetween(from.readings, now.readings, 'readBytes'),
    writtenBytes: used.writtenBytes + grownBetween(from.readings, now.readings, 'writtenBytes'),
  };
}

function readingOf({ pid, startTime, parent }: ProcessStat, usage: Usage | undefined): Reading {
  const { cpuMillis = 0, childrenCpuMillis = 0, disk } = usage ?? {};
  return {
    pid,
    startTime,
    parent,
    ownCpuMillis: cpuMillis,
    cpuMillis: cpuMillis + childrenCpuMillis,
    readBytes: disk?.readBytes ?? 0,
    writtenBytes: disk?.writtenBytes ?? 0,
  };
}

/** Of one that was not there before, all of it: it was born in between. */
function ownGrowth(before: ReadonlyMap<number, Reading>, reading: Reading | undefined): number {
  if (reading === undefined) return 0;
  const last = before.get(reading.pid);
  return Math.max(0, reading.ownCpuMillis - (last?.startTime === reading.startTime ? last.ownCpuMillis : 0));
}

/**
 * By how much the tree as a whole has grown. What ended in between is in the counters of the process that has waited for it: with what it
 * had used before, which was counted then, and with what it has used since. A process that no member has waited for is lost.
 */
function grownBetween(before: ReadonlyMap<number, Reading>, now: ReadonlyMap<number, Reading>, counter: Counter): number {
  const stays = (reading: Reading): boolean => now.get(reading.pid)?.startTime === reading.startTime;
  const passedOn = new Map<number, number>();
  for (const reading of before.values()) {
    if (stays(reading)) continue;
    let heir = before.get(reading.parent);
    while (heir && !stays(heir)) heir = before.get(heir.parent);
    if (heir) passedOn.set(heir.pid, (passedOn.get(heir.pid) ?? 0) + reading[counter]);
  }
  let total = 0;
  for (const reading of now.values()) {
    const last = before.get(reading.pid);
    const growth = last?.startTime === reading.startTime ? reading[counter] - last[counter] : reading[counter];
    total += Math.max(0, growth - (passedOn.get(reading.pid) ?? 0));
  }
  return total;
}
