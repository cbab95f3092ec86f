import { spawnSync } from 'node:child_process';
import { pid as self } from 'node:process';
import pidusage from 'pidusage';
import { BaseUnix } from '../baseUnix.ts';
import { type Containers, type ContainmentOffer, groupOnly } from '../container.ts';
import { type ProcessStat, ProcessTableError, type Usage } from '../platform.ts';
import { RecentTable } from '../recentTable.ts';
import { SteadyStarts } from './steadyStarts.ts';

/** How long one listing serves for looking up single processes, in milliseconds. */
const tableMillis = 100;

/**
 * Any Unix with a POSIX `ps`, without native calls: parent links and process groups from ps(1), statistics from
 * pidusage. It promises less than the other platforms and says so in {@link shortcomings}.
 */
export class PortablePlatform extends BaseUnix {
  readonly name = 'portable';
  readonly bootId = 'unknown';
  readonly shortcomings: readonly string[];
  // A ps(1) for each of two hundred signals would take seconds; and it tells starts by the second anyway.
  readonly #starts = new SteadyStarts();
  readonly #table = new RecentTable(() => this.#starts.of(listProcesses()), tableMillis);

  constructor(shortcoming: string) {
    super();
    this.shortcomings = [shortcoming];
  }

  stat(pid: number): ProcessStat | undefined {
    return this.#table.find(pid);
  }

  allProcesses(): ProcessStat[] {
    return this.#table.allProcesses();
  }

  async usage(processes: readonly ProcessStat[]): Promise<Map<number, Usage>> {
    if (processes.length === 0) return new Map();
    const statuses = await this.#statusesOf(processes.map((process) => process.pid));
    return new Map(
      Object.values(statuses)
        .filter((status) => status !== null && status !== undefined)
        .map((status) => [status.pid, { cpuMillis: status.ctime, childrenCpuMillis: 0, memoryBytes: status.memory }]),
    );
  }

  /** ps(1) fails where one of them has ended meanwhile: those that are still there are asked for again. */
  async #statusesOf(pids: readonly number[], tries = 3): ReturnType<typeof statusesOf> {
    try {
      return await statusesOf(pids);
    } catch (error) {
      const living = new Set(this.#table.allProcesses().map(({ pid }) => pid));
      const left = pids.filter((pid) => living.has(pid));
      if (left.length === 0) return {};
      if (tries === 1) throw error;
      return await this.#statusesOf(left, tries - 1);
    }
  }

  containersFor(): Containers {
    return groupOnly(containmentsHere);
  }
}

const containmentsHere: readonly ContainmentOffer[] = [
  { containment: 'group', available: true, why: 'a session for each tree, and parent links; a daemon can escape both' },
  { containment: 'cgroup', available: false, why: 'control groups are of Linux' },
  { containment: 'namespace', available: false, why: 'PID namespaces are of Linux' },
  { containment: 'job', available: false, why: 'job objects are available on Windows only' },
];

async function statusesOf(pids: readonly number[]): Promise<Record<string, pidusage.Status | null | undefined>> {
  return pids.length === 0 ? {} : await pidusage([...pids]);
}

function listProcesses(): ProcessStat[] {
  const columns = ['pid', 'ppid', 'pgid', 'sess', 'state', 'lstart', 'comm'].flatMap((column) => ['-o', `${column}=`]);
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const ps = spawnSync('ps', ['-A', ...columns], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] });
  const processes = parsePs(ps.stdout ?? '').filter((process) => process.pid !== ps.pid);
  // Where nothing is seen, nothing is known.
  if (!processes.some(({ pid }) => pid === self))
    throw new ProcessTableError(`ps does not list this process (${ps.error?.message ?? `status ${ps.status}`})`);
  return processes;
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
      uninterruptible: state.startsWith('D'),
      startTime: Date.parse(`${start} UTC`),
      name,
      threads: 1,
      cpuMillis: 0,
      childrenCpuMillis: 0,
      memoryBytes: 0,
    };
  });
}
