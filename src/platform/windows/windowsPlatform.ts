import { availableParallelism as cores } from 'node:os';
import {
  type Container,
  type Containers,
  type ContainerUsage,
  type Containment,
  ContainmentError,
  type ContainmentOffer,
  type KernelLimits,
  uncontained,
} from '../container.ts';
import { NvidiaGpus } from '../gpu/nvml.ts';
import { PlainPlatform } from '../plainPlatform.ts';
import type { ListeningPort, Platform, ProcessIdentity, ProcessStat, SignalOutcome, Usage } from '../platform.ts';
import { RecentTable } from '../recentTable.ts';
import { descendantsIn } from '../walk.ts';
import { PortTables, type ReadPortTables } from './portTables.ts';
import { parseProcessTable } from './processTable.ts';
import {
  CTRL_BREAK_EVENT,
  CTRL_C_EVENT,
  ERROR_ACCESS_DENIED,
  type Handle,
  JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
  JOB_OBJECT_LIMIT_JOB_MEMORY,
  JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
  PROCESS_QUERY_LIMITED_INFORMATION,
  PROCESS_SET_QUOTA,
  PROCESS_SUSPEND_RESUME,
  PROCESS_TERMINATE,
  type Win32,
} from './win32.ts';

/** What a process ends with that was killed: what Task Manager gives. */
const killedExitCode = 1;
/** How long one table serves for looking up single processes, in milliseconds. */
const tableMillis = 20;
/** All processors, in hundredths of a percent (JOBOBJECT_CPU_RATE_CONTROL_INFORMATION). */
const fullCpuRate = 10_000;
/** Within this time, in milliseconds, signals to several members of a tree are one key on their console. */
const samePressMillis = 100;

/**
 * Windows: one kill-on-close job that the warden is in itself before it starts anything, so that no child can slip out,
 * whatever the race; and a job within it for each tree.
 */
export class WindowsPlatform extends PlainPlatform implements Platform {
  readonly name = 'windows';
  readonly shortcomings: readonly string[] = [];
  /** Creation times are absolute: an identity means the same after a restart of the machine, namely nobody. */
  readonly bootId = 'windows';
  readonly killsAtDeath = true;
  /** It has no console, and what is pressed on those of members is none of its business. */
  readonly endSignals = [];
  /** A console without a window, which its children share: CTRL_BREAK reaches them all. */
  readonly spawnOptions = { detached: false, windowsHide: true };
  readonly #win32: Win32;
  readonly #nvidia = new NvidiaGpus('nvml.dll');
  readonly #table: RecentTable;
  readonly #ports: PortTables | undefined;
  override readonly tellsPorts: boolean;
  readonly #pressed = new Map<number, number>();
  #wardenJob: Handle;

  constructor(win32: Win32, readPorts?: ReadPortTables) {
    super();
    this.#win32 = win32;
    this.#ports = readPorts && new PortTables(readPorts);
    this.tellsPorts = readPorts !== undefined;
    this.#table = new RecentTable(() => {
      const { table, address } = win32.processTable();
      return parseProcessTable(table, address);
    }, tableMillis);
  }

  /** Whoever is below the warden is in its job, however its parents have ended. */
  get adoptsOrphans(): boolean {
    return this.#wardenJob !== undefined;
  }

  adoptOrphans(): void {
    // Keys that are pressed on a member's console reach whoever is on it, and that is this process too, at that moment.
    for (const signal of ['SIGINT', 'SIGBREAK'] as const) process.on(signal, () => undefined);
    this.#win32.hearCtrlC();
    const job = this.#win32.createJob();
    this.#win32.setJobLimits(job, { flags: JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE });
    this.#win32.assignToJob(job, this.#win32.currentProcess());
    // Never closed: the kernel does that at our end, and kills all that is in it.
    this.#wardenJob = job;
  }

  stat(pid: number): ProcessStat | undefined {
    return this.#table.find(pid);
  }

  descendants(roots: Iterable<ProcessIdentity>): ProcessStat[] {
    const everyone = this.everyone();
    const inJob = new Set(this.#wardenJob === undefined ? [] : this.#win32.jobProcessIds(this.#wardenJob));
    const below = everyone.filter((process) => inJob.has(process.pid));
    return descendantsIn(withoutForeignParents(everyone), [...roots, ...below]);
  }

  everyone(): ProcessStat[] {
    return this.#table.everyone();
  }

  usage(processes: readonly ProcessStat[]): Promise<Map<number, Usage>> {
    const nvidia = this.#nvidia.usage();
    return Promise.resolve(new Map(processes.map((process) => [process.pid, { ...process, gpu: nvidia.get(process.pid) }])));
  }

  override gpuHolders(): Promise<ReadonlySet<number>> {
    return this.#nvidia.holders();
  }

  override listening(processes: readonly ProcessIdentity[]): ReadonlyMap<number, readonly ListeningPort[]> {
    const ports = this.#ports?.listening() ?? new Map<number, readonly ListeningPort[]>();
    const asked = new Set(processes.map(({ pid }) => pid));
    return new Map([...ports].filter(([pid]) => asked.has(pid)));
  }

  signal(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
    const opened = this.#win32.openProcess(PROCESS_TERMINATE | PROCESS_SUSPEND_RESUME | PROCESS_QUERY_LIMITED_INFORMATION, target.pid);
    if ('error' in opened) return opened.error === ERROR_ACCESS_DENIED ? 'denied' : 'gone';
    const { handle } = opened;
    try {
      // The handle pins the process: its pid cannot pass to another one meanwhile.
      if (this.#win32.creationTime(handle) !== target.startTime) return 'gone';
      return this.#deliver(handle, target.pid, signal);
    } finally {
      this.#win32.closeHandle(handle);
    }
  }

  protectSocket(path: string): void {
    this.#win32.restrictToOwner(path);
  }

  containersFor(): Containers {
    return {
      homes: [],
      offers: () => offers,
      contain: (wanted) => this.#contain(wanted),
    };
  }

  /**
   * Windows has no signals. What asks for an end is what programs here understand as such: CTRL_BREAK on their console, and
   * WM_CLOSE to their windows.
   */
  #deliver(handle: Handle, pid: number, signal: NodeJS.Signals): SignalOutcome {
    switch (signal) {
      case 'SIGKILL':
        return this.#win32.terminateProcess(handle, killedExitCode) ? 'sent' : 'gone';
      case 'SIGSTOP':
      case 'SIGCONT':
        return this.#win32.suspend(handle, signal === 'SIGSTOP') ? 'sent' : 'gone';
      default: {
        const pressed = this.#press(pid, signal);
        const closed = this.#win32.closeWindows(new Set([pid]));
        return pressed || closed > 0 ? 'sent' : 'unheard';
      }
    }
  }

  /** Once for all on a console: to many programs, a second key means that they shall not tidy up any more. */
  #press(pid: number, signal: NodeJS.Signals): boolean {
    const now = performance.now();
    for (const [one, at] of this.#pressed) if (now - at >= samePressMillis) this.#pressed.delete(one);
    if (this.#pressed.has(pid)) return true;
    const { pressKey } = this.#win32;
    let reached = signal === 'SIGINT' ? [] : pressKey(pid, CTRL_BREAK_EVENT);
    // Wine has no CTRL_BREAK.
    if (reached.length === 0) reached = pressKey(pid, CTRL_C_EVENT);
    for (const one of reached) this.#pressed.set(one, now);
    return reached.length > 0;
  }

  #contain(wanted: Containment | 'auto'): Container {
    if (wanted === 'group') return uncontained;
    if (wanted !== 'auto' && wanted !== 'job')
      throw new ContainmentError(`"${wanted}" is for Linux; on Windows use "auto", "job" or "group".`);
    return new JobContainer(this.#win32);
  }
}

/** One tree's job. */
class JobContainer implements Container {
  readonly containment = 'job';
  readonly path = null;
  readonly leaderIsKeeper = false;
  readonly #win32: Win32;
  #job: Handle;

  constructor(win32: Win32) {
    this.#win32 = win32;
    this.#job = win32.createJob();
    win32.setJobLimits(this.#job, { flags: JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE });
  }

  wrap(argv: readonly [string, ...string[]]): readonly [string, ...string[]] {
    return argv;
  }

  /** What the leader starts in the moment before it is assigned is in the warden's job, and known by its parent. */
  enter<T extends { readonly pid?: number | undefined }>(spawn: () => T): T {
    const spawned = spawn();
    if (spawned.pid) this.admit(spawned.pid);
    return spawned;
  }

  admit(pid: number): void {
    const opened = this.#win32.openProcess(PROCESS_SET_QUOTA | PROCESS_TERMINATE, pid);
    if ('error' in opened) return; // It has ended already.
    try {
      this.#win32.assignToJob(this.#job, opened.handle);
    } finally {
      this.#win32.closeHandle(opened.handle);
    }
  }

  pids(): readonly number[] {
    return this.#job === undefined ? [] : this.#win32.jobProcessIds(this.#job);
  }

  killAll(): boolean {
    if (this.#job === undefined) return false;
    this.#win32.terminateJob(this.#job, killedExitCode);
    return true;
  }

  limit({ memoryBytes, processes, cpuCores }: KernelLimits): (keyof KernelLimits)[] {
    // The job refuses memory and processes rather than to end anybody: what that does to the tree is still looked for.
    const memory = memoryBytes === undefined ? 0 : JOB_OBJECT_LIMIT_JOB_MEMORY;
    const count = processes === undefined ? 0 : JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
    if (memory || count)
      isAllowed(() =>
        this.#win32.setJobLimits(this.#job, {
          flags: JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | memory | count,
          ...(memoryBytes !== undefined && { memoryBytes }),
          ...(processes !== undefined && { activeProcesses: processes }),
        }),
      );
    if (cpuCores === undefined) return [];
    const rate = Math.max(1, Math.min(fullCpuRate, Math.round((cpuCores / cores()) * fullCpuRate)));
    return isAllowed(() => this.#win32.setJobCpuRate(this.#job, rate)) ? ['cpuCores'] : [];
  }

  limitEvents(): { readonly memoryKills: number; readonly refusedForks: number } {
    return { memoryKills: 0, refusedForks: 0 };
  }

  cpuMillis(): number | undefined {
    return (this.#job === undefined ? 0 : this.#win32.jobCpuMillis(this.#job)) || undefined;
  }

  usage(): ContainerUsage {
    return {};
  }

  /** Closing the only handle ends whoever should still be in it. */
  dispose(): void {
    if (this.#job !== undefined) this.#win32.closeHandle(this.#job);
    this.#job = undefined;
  }
}

const offers: readonly ContainmentOffer[] = [
  {
    containment: 'job',
    available: true,
    why: 'a kill-on-close job for each tree, within one of the warden’s; the kernel ends all in it when the warden dies',
  },
  { containment: 'group', available: true, why: 'the warden’s job alone, and parent links' },
  { containment: 'cgroup', available: false, why: 'control groups are of Linux' },
  { containment: 'namespace', available: false, why: 'PID namespaces are of Linux' },
];

/** False on an older Windows, or under Wine: the warden looks itself. */
function isAllowed(set: () => void): boolean {
  try {
    set();
    return true;
  } catch {
    return false;
  }
}

/** The number of a parent that has ended may belong to somebody younger than the child, who is no parent of it. */
function withoutForeignParents(everyone: readonly ProcessStat[]): ProcessStat[] {
  const born = new Map(everyone.map(({ pid, startTime }) => [pid, startTime]));
  return everyone.map((process) => ((born.get(process.parent) ?? 0) > process.startTime ? { ...process, parent: 0 } : process));
}
