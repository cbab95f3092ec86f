import { spawnSync } from 'node:child_process';
import pidusage from 'pidusage';
import { type Containers, type ContainmentOffer, groupOnly } from '../container.ts';
import { PlainUnix } from '../plainUnix.ts';
import type { ProcessStat, Usage } from '../platform.ts';
import { RecentTable } from '../recentTable.ts';

/** How long one listing serves for looking up single processes, in milliseconds. */
const tableMillis = 100;

/**
 * Any Unix with a POSIX `ps`, without native calls: parent links and process groups from ps(1), statistics from
 * pidusage. It promises less than the other platforms and says so in {@link shortcomings}.
 */
export class PortablePlatform extends PlainUnix {
  readonly name = 'portable';
  readonly bootId = 'unknown';
  readonly shortcomings: readonly string[];
  // A ps(1) for each of two hundred signals would take seconds; and it tells starts by the second anyway.
  readonly #table = new RecentTable(listProcesses, tableMillis);

  constructor(shortcoming: string) {
    super();
    this.shortcomings = [shortcoming];
  }

  stat(pid: number): ProcessStat | undefined {
    return this.#table.find(pid);
  }

  everyone(): ProcessStat[] {
    return this.#table.everyone();
  }

  async usage(processes: readonly ProcessStat[]): Promise<Map<number, Usage>> {
    if (processes.length === 0) return new Map();
    const statuses = await pidusage(processes.map((process) => process.pid));
    return new Map(
      Object.values(statuses)
        .filter((status) => status !== null && status !== undefined)
        .map((status) => [status.pid, { cpuMillis: status.ctime, childrenCpuMillis: 0, memoryBytes: status.memory }]),
    );
  }

  containersFor(): Containers {
    return groupOnly(containmentsHere);
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
      childrenCpuMillis: 0,
      memoryBytes: 0,
    };
  });
}
