import { BasePlatform } from '../basePlatform.ts';
import { type Container, type Containers, type Containment, ContainmentError, type ContainmentOffer, uncontained } from '../container.ts';
import { NvidiaGpus } from '../gpu/nvml.ts';
import type { ListeningPort, Platform, ProcessIdentity, ProcessStat, SignalOutcome, Usage } from '../platform.ts';
import { RecentTable } from '../recentTable.ts';
import { descendantsIn } from '../walk.ts';
import { JobContainer, killedExitCode } from './jobContainer.ts';
import { PortTables, type ReadPortTables } from './portTables.ts';
import { parseProcessTable } from './processTable.ts';
import {
  CTRL_BREAK_EVENT,
  CTRL_C_EVENT,
  ERROR_ACCESS_DENIED,
  type Handle,
  JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
  PROCESS_QUERY_LIMITED_INFORMATION,
  PROCESS_SUSPEND_RESUME,
  PROCESS_TERMINATE,
  type Win32,
} from './win32.ts';

/** How long one table serves for looking up single processes, in milliseconds. */
const tableMillis = 20;
/** Within this time, in milliseconds, signals to several members of a tree are one key on their console. */
const samePressMillis = 100;

/**
 * Windows: one kill-on-close job that the warden is in itself before it starts anything, so that no child can slip out,
 * whatever the race; and a job within it for each tree.
 */
export class WindowsPlatform extends BasePlatform implements Platform {
  readonly name = 'windows';
  readonly shortcomings: readonly string[] = [];
  /** Creation times are absolute, so that an identity from before a reboot matches no process. */
  readonly bootId = 'windows';
  readonly killsAtDeath = true;
  override readonly ignoresVariableCase = true;
  /** It has no console, and what is pressed on those of members is none of its business. */
  readonly endSignals = [];
  /** A console without a window, which its children share: CTRL_BREAK reaches them all. */
  readonly spawnOptions = { detached: false, windowsHide: true, windowsVerbatimArguments: true };
  readonly #win32: Win32;
  readonly #nvidia = new NvidiaGpus('nvml.dll');
  readonly #table: RecentTable;
  readonly #ports: PortTables | undefined;
  override readonly supportsPorts: boolean;
  readonly #pressed = new Map<number, number>();
  #wardenJob: Handle;

  constructor(win32: Win32, readPorts?: ReadPortTables) {
    super();
    this.#win32 = win32;
    this.#ports = readPorts && new PortTables(readPorts);
    this.supportsPorts = readPorts !== undefined;
    this.#table = new RecentTable(() => {
      const { table, address } = win32.processTable();
      return parseProcessTable(table, address);
    }, tableMillis);
  }

  /** All descendants of the warden are in its job, however their parents have ended. */
  get adoptsOrphans(): boolean {
    return this.#wardenJob !== undefined;
  }

  adoptOrphans(): void {
    // Keys that are pressed on a member's console reach every process on it, at that moment also this one.
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
    const allProcesses = this.allProcesses();
    const inJob = new Set(this.#wardenJob === undefined ? [] : this.#win32.jobProcessIds(this.#wardenJob));
    const below = allProcesses.filter((process) => inJob.has(process.pid));
    return descendantsIn(withoutForeignParents(allProcesses), [...roots, ...below]);
  }

  allProcesses(): ProcessStat[] {
    return this.#table.allProcesses();
  }

  usage(processes: readonly ProcessStat[]): Promise<Map<number, Usage>> {
    const nvidia = this.#nvidia.usage();
    return Promise.resolve(new Map(processes.map((process) => [process.pid, { ...process, gpu: nvidia.get(process.pid) }])));
  }

  override gpuHolders(): Promise<ReadonlySet<number>> {
    return this.#nvidia.holders();
  }

  override listening(processes: readonly ProcessIdentity[]): Promise<ReadonlyMap<number, readonly ListeningPort[]>> {
    const ports = this.#ports?.listening() ?? new Map<number, readonly ListeningPort[]>();
    const asked = new Set(processes.map(({ pid }) => pid));
    return Promise.resolve(new Map([...ports].filter(([pid]) => asked.has(pid))));
  }

  protected override deliver(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
    const opened = this.#win32.openProcess(PROCESS_TERMINATE | PROCESS_SUSPEND_RESUME | PROCESS_QUERY_LIMITED_INFORMATION, target.pid);
    if ('error' in opened) return opened.error === ERROR_ACCESS_DENIED ? 'denied' : 'gone';
    const { handle } = opened;
    try {
      // The handle pins the process: its pid cannot pass to another one meanwhile.
      if (this.#win32.creationTime(handle) !== target.startTime) return 'gone';
      return this.#request(handle, target.pid, signal);
    } finally {
      this.#win32.closeHandle(handle);
    }
  }

  protectSocket(path: string): void {
    this.#win32.restrictToOwner(path);
  }

  containersFor(): Containers {
    return {
      cgroupRoots: [],
      offers: () => offers,
      contain: (requested) => this.#contain(requested),
      join: () => Promise.reject(new ContainmentError('On Windows, no process can join the job of another one ("join").')),
    };
  }

  /**
   * Windows has no signals. What asks for an end is what programs here understand as such: CTRL_BREAK on their console, and
   * WM_CLOSE to their windows.
   */
  #request(handle: Handle, pid: number, signal: NodeJS.Signals): SignalOutcome {
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

  /** What a process has started, and what descends from that; also of one that was ended a moment ago, and that a handle still keeps in the table. */
  #below(pid: number): ProcessStat[] {
    const { table, address } = this.#win32.processTable();
    const allProcesses = withoutForeignParents(parseProcessTable(table, address));
    const roots = allProcesses.filter((process) => process.pid === pid);
    return descendantsIn(allProcesses, roots).filter((process) => process.pid !== pid);
  }

  #contain(requested: Containment | 'auto'): Container {
    if (requested === 'group') return uncontained;
    if (requested !== 'auto' && requested !== 'job')
      throw new ContainmentError(`"${requested}" is for Linux; on Windows use "auto", "job" or "group".`);
    return new JobContainer(this.#win32, { below: (pid) => this.#below(pid), kill: (process) => void this.signal(process, 'SIGKILL') });
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

/** The pid of a parent that has ended may belong to a process younger than the child, which is not its parent. */
function withoutForeignParents(allProcesses: readonly ProcessStat[]): ProcessStat[] {
  const born = new Map(allProcesses.map(({ pid, startTime }) => [pid, startTime]));
  return allProcesses.map((process) => ((born.get(process.parent) ?? 0) > process.startTime ? { ...process, parent: 0 } : process));
}
