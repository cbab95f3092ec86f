import { performance } from 'node:perf_hooks';
import type { DiskCounters, ProcessStat } from '../platform.ts';
import { Turns } from '../turns.ts';
import type { ProcFs } from './procfs.ts';

/** `read_bytes` and `write_bytes` of `/proc/PID/io`, see proc_pid_io(5): what really went from and to storage. */
export function parseIo(text: string): DiskCounters | undefined {
  const [, readBytes] = text.match(/^read_bytes: (\d+)$/m) ?? [];
  const [, writtenBytes] = text.match(/^write_bytes: (\d+)$/m) ?? [];
  return readBytes === undefined || writtenBytes === undefined
    ? undefined
    : { readBytes: Number(readBytes), writtenBytes: Number(writtenBytes) };
}

interface Known {
  readonly parent: number;
  readonly startTime: number;
  readonly cpuMillis: number;
  readonly disk: DiskCounters | undefined;
  /** When that was read, in milliseconds. */
  readonly at: number;
}

/** Milliseconds after which a process that seems idle is read again: much can be written in less time than the kernel counts. */
const idleMillis = 2000;

/** Remembers what was read: most processes have not run since. */
export class DiskUsage {
  readonly #proc: ProcFs;
  #known = new Map<number, Known>();

  constructor(proc: ProcFs) {
    this.#proc = proc;
  }

  /** Undefined for those whose counters are not for this user to see. Forgets all that are not asked for. */
  async read(processes: readonly ProcessStat[]): Promise<ReadonlyMap<number, DiskCounters | undefined>> {
    const now = performance.now();
    this.#forgetHeirs(processes);
    const known = await new Turns().map(
      processes,
      (process) => [process.pid, this.#recall(process, now) ?? this.#look(process, now)] as const,
    );
    this.#known = new Map(known);
    return new Map(Array.from(this.#known, ([pid, { disk }]) => [pid, disk]));
  }

  /** The counters of a process that has ended are added to those of the process that has waited for it. */
  #forgetHeirs(processes: readonly ProcessStat[]): void {
    const present = new Map(processes.map(({ pid, startTime }) => [pid, startTime]));
    const ended = [...this.#known].filter(([pid, { startTime }]) => present.get(pid) !== startTime);
    for (const [, { parent }] of ended) this.#known.delete(parent);
  }

  #recall({ pid, startTime, cpuMillis, childrenCpuMillis, alive }: ProcessStat, now: number): Known | undefined {
    const known = this.#known.get(pid);
    if (known?.startTime !== startTime) return undefined;
    // The counters of a process that has ended cannot be read any more.
    if (!alive) return known;
    return known.cpuMillis === cpuMillis + childrenCpuMillis && now - known.at < idleMillis ? known : undefined;
  }

  #look({ pid, parent, startTime, cpuMillis, childrenCpuMillis }: ProcessStat, now: number): Known {
    const text = this.#proc.read(`/proc/${pid}/io`);
    return { parent, startTime, cpuMillis: cpuMillis + childrenCpuMillis, disk: text === undefined ? undefined : parseIo(text), at: now };
  }
}
