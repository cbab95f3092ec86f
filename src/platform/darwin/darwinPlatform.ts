import { BaseUnix } from '../baseUnix.ts';
import { type Containers, type ContainmentOffer, groupOnly } from '../container.ts';
import { type Marks, markVariable, type ProcessStat, ProcessTableError, type Usage } from '../platform.ts';
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
export class DarwinPlatform extends BaseUnix {
  readonly name = 'darwin';
  readonly shortcomings = [
    'macOS has no containment for process trees: a daemon that clears its environment and leaves its session is lost unless it was seen before. This code has not been run on a Mac yet.',
  ];
  /** Start times are absolute, in microseconds, so that an identity from before a reboot matches no process. */
  readonly bootId = 'darwin';
  readonly #libproc: Libproc;

  constructor(libproc: Libproc) {
    super();
    this.#libproc = libproc;
  }

  stat(pid: number): ProcessStat | undefined {
    const session = this.#libproc.sessionOf(pid);
    const all = this.#libproc.pidInfo(pid, PROC_PIDTASKALLINFO, proc_taskallinfo_size);
    if (all) return parseTaskAllInfo(all, session, this.#libproc.nanosPerTick);
    // Of zombies and of other users' processes, only this is told.
    const some = this.#libproc.pidInfo(pid, PROC_PIDTBSDINFO, proc_bsdinfo_size);
    return some && parseBsdInfo(some, session);
  }

  allProcesses(): ProcessStat[] {
    const pids = this.#libproc.listAllPids();
    if (pids.length === 0) throw new ProcessTableError('proc_listallpids(3) lists no process');
    return pids.flatMap((pid) => this.stat(pid) ?? []);
  }

  usage(processes: readonly ProcessStat[]): Promise<Map<number, Usage>> {
    const read = ({ pid }: ProcessStat): [number, Usage][] => {
      const info = this.#libproc.pidRusage(pid);
      return info ? [[pid, parseRusage(info, this.#libproc.nanosPerTick)]] : [];
    };
    return Promise.resolve(new Map(processes.flatMap(read)));
  }

  override marksOf(pid: number): Marks {
    const args = this.#libproc.procArgs(pid);
    const prefix = `${markVariable}=`;
    const entry = args && parseProcArgs(args).find((word) => word.startsWith(prefix));
    return { environment: entry?.slice(prefix.length).split(':').filter(Boolean) ?? [], limit: undefined };
  }

  containersFor(): Containers {
    return groupOnly(offers);
  }
}

const offers: readonly ContainmentOffer[] = [
  { containment: 'group', available: true, why: 'a session for each tree, parent links, and the environment that its processes inherit' },
  { containment: 'cgroup', available: false, why: 'control groups are of Linux' },
  { containment: 'namespace', available: false, why: 'PID namespaces are of Linux' },
  { containment: 'job', available: false, why: 'job objects are available on Windows only' },
];
