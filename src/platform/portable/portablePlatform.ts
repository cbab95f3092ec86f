import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import pidusage from 'pidusage';
import type { Containers } from '../container.ts';
import { type ContainmentOffer, type FoundContainer, groupOnly } from '../container.ts';
import { plainSignal } from '../plainSignal.ts';
import type { Loan, Marks, Platform, ProcessIdentity, ProcessStat, SignalOutcome, Usage } from '../platform.ts';
import { usualEndSignals } from '../platform.ts';
import { descendantsIn } from '../walk.ts';

/** How long one listing serves for looking up single processes, in milliseconds. */
const tableMillis = 100;

/**
 * Any Unix with a POSIX `ps`, without native calls: parent links and process groups from ps(1), statistics from
 * pidusage. It promises less than the other platforms and says so in {@link shortcomings}.
 */
export class PortablePlatform implements Platform {
  readonly name = 'portable';
  readonly bootId = 'unknown';
  readonly adoptsOrphans = false;
  readonly shortcomings: readonly string[];
  readonly killsAtDeath = false;
  readonly endSignals = usualEndSignals;
  readonly spawnOptions = { detached: true, windowsHide: true };
  #table: { readonly at: number; readonly processes: readonly ProcessStat[] } | undefined;

  constructor(shortcoming: string) {
    this.shortcomings = [shortcoming];
  }

  adoptOrphans(): void {}

  stat(pid: number): ProcessStat | undefined {
    // A ps(1) for each of two hundred signals would take seconds; and it tells starts by the second anyway.
    const wanted = (process: ProcessStat): boolean => process.pid === pid;
    const isFresh = this.#table !== undefined && performance.now() - this.#table.at < tableMillis;
    return (isFresh ? this.#table?.processes.find(wanted) : undefined) ?? this.everyone().find(wanted);
  }

  descendants(roots: Iterable<ProcessIdentity>): ProcessStat[] {
    return descendantsIn(this.everyone(), roots);
  }

  everyone(): ProcessStat[] {
    const processes = listProcesses();
    this.#table = { at: performance.now(), processes };
    return processes;
  }

  async usage(processes: readonly ProcessStat[]): Promise<Map<number, Usage>> {
    if (processes.length === 0) return new Map();
    const statuses = await pidusage(processes.map((process) => process.pid));
    return new Map(
      Object.values(statuses)
        .filter((status) => status !== null && status !== undefined)
        .map((status) => [status.pid, { cpuMillis: status.ctime, memoryBytes: status.memory }]),
    );
  }

  signal(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
    return plainSignal(this.stat(target.pid), target, signal);
  }

  protectSocket(path: string): void {
    chmodSync(path, 0o600);
  }

  /** Nothing is adopted here, so there is nothing to reap. */
  reap(): void {}

  lend<T>(_loan: Loan, spawn: () => T): T {
    return spawn();
  }

  marksOf(): Marks {
    return { environment: [], limit: undefined };
  }

  containersFor(): Containers {
    return groupOnly(containmentsHere);
  }

  removeHomes(): boolean {
    return true;
  }

  findContainer(): FoundContainer | undefined {
    return undefined;
  }
}

const containmentsHere: readonly ContainmentOffer[] = [
  { containment: 'group', available: true, why: 'a session for each tree, parent links, and nothing that a daemon could not shed' },
  { containment: 'cgroup', available: false, why: 'control groups are of Linux' },
  { containment: 'namespace', available: false, why: 'PID namespaces are of Linux' },
  { containment: 'job', available: false, why: 'job objects are of Windows' },
];

function listProcesses(): ProcessStat[] {
  const columns = ['pid', 'ppid', 'pgid', 'sess', 'state', 'lstart', 'comm'].flatMap((column) => ['-o', `${column}=`]);
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const ps = spawnSync('ps', ['-A', ...columns], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] });
  return parsePs(ps.stdout ?? '').filter((process) => process.pid !== ps.pid);
}

/**
 * Lines of `pid ppid pgid session state Www Mmm dd hh:mm:ss yyyy name`. The start is exact to a second only, which is
 * what ps gives everywhere. macOS prints its sessions as 0: a group then stands for itself.
 */
export function parsePs(output: string): ProcessStat[] {
  return output.split('\n').flatMap((line) => {
    const [, pid, parent, group, session, state = '?', start = '', name = ''] =
      line.match(/^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/) ?? [];
    if (pid === undefined) return [];
    return {
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      session: Number(session) || Number(group),
      alive: !state.startsWith('Z'),
      stopped: state.startsWith('T'),
      startTime: Date.parse(`${start} UTC`),
      name,
      threads: 1,
      cpuMillis: 0,
      memoryBytes: 0,
    };
  });
}
