import { chmodSync } from 'node:fs';
import type { Containers } from '../container.ts';
import { type ContainmentOffer, type FoundContainer, groupOnly } from '../container.ts';
import { plainSignal } from '../plainSignal.ts';
import {
  type Loan,
  type Marks,
  markVariable,
  type Platform,
  type ProcessIdentity,
  type ProcessStat,
  type SignalOutcome,
  type Usage,
  usualEndSignals,
} from '../platform.ts';
import { descendantsIn } from '../walk.ts';
import {
  type Libproc,
  PROC_PIDTASKALLINFO,
  PROC_PIDTBSDINFO,
  parseBsdInfo,
  parseProcArgs,
  parseRusage,
  parseTaskAllInfo,
  proc_bsdinfo_size,
  proc_taskallinfo_size,
} from './libproc.ts';

/**
 * macOS: sessions, parent links and the environment mark. There is no subreaper, no mark that a process could not shed, and
 * no container.
 */
export class DarwinPlatform implements Platform {
  readonly name = 'darwin';
  readonly shortcomings = [
    'macOS has nothing that holds a tree together: a daemon that drops its environment and leaves its session is lost unless it was seen before. This part has not been run on a Mac by its makers.',
  ];
  /** Starts are absolute, to a microsecond: an identity means the same after a restart of the machine, namely nobody. */
  readonly bootId = 'darwin';
  readonly killsAtDeath = false;
  readonly endSignals = usualEndSignals;
  readonly adoptsOrphans = false;
  readonly spawnOptions = { detached: true, windowsHide: true };
  readonly #libproc: Libproc;

  constructor(libproc: Libproc) {
    this.#libproc = libproc;
  }

  adoptOrphans(): void {}

  stat(pid: number): ProcessStat | undefined {
    const session = this.#libproc.sessionOf(pid);
    const all = this.#libproc.pidInfo(pid, PROC_PIDTASKALLINFO, proc_taskallinfo_size);
    if (all) return parseTaskAllInfo(all, session, this.#libproc.nanosPerTick);
    // Of zombies and of other users' processes, only this is told.
    const some = this.#libproc.pidInfo(pid, PROC_PIDTBSDINFO, proc_bsdinfo_size);
    return some && parseBsdInfo(some, session);
  }

  descendants(roots: Iterable<ProcessIdentity>): ProcessStat[] {
    return descendantsIn(this.everyone(), roots);
  }

  everyone(): ProcessStat[] {
    return this.#libproc.listAllPids().flatMap((pid) => this.stat(pid) ?? []);
  }

  usage(processes: readonly ProcessStat[]): Promise<Map<number, Usage>> {
    const read = ({ pid }: ProcessStat): [number, Usage][] => {
      const info = this.#libproc.pidRusage(pid);
      return info ? [[pid, parseRusage(info, this.#libproc.nanosPerTick)]] : [];
    };
    return Promise.resolve(new Map(processes.flatMap(read)));
  }

  protectSocket(path: string): void {
    chmodSync(path, 0o600);
  }

  signal(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
    return plainSignal(this.stat(target.pid), target, signal);
  }

  /** Nothing is adopted here, so there is nothing to reap. */
  reap(): void {}

  lend<T>(_loan: Loan, spawn: () => T): T {
    return spawn();
  }

  marksOf(pid: number): Marks {
    const args = this.#libproc.procArgs(pid);
    const prefix = `${markVariable}=`;
    const entry = args && parseProcArgs(args).find((word) => word.startsWith(prefix));
    return { environment: entry?.slice(prefix.length).split(':').filter(Boolean) ?? [], limit: undefined };
  }

  containersFor(): Containers {
    return groupOnly(offers);
  }

  removeHomes(): boolean {
    return true;
  }

  findContainer(): FoundContainer | undefined {
    return undefined;
  }
}

const offers: readonly ContainmentOffer[] = [
  { containment: 'group', available: true, why: 'a session for each tree, parent links, and the environment that its processes inherit' },
  { containment: 'cgroup', available: false, why: 'control groups are of Linux' },
  { containment: 'namespace', available: false, why: 'PID namespaces are of Linux' },
  { containment: 'job', available: false, why: 'job objects are of Windows' },
];
