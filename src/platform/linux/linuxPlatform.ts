import { chmodSync, closeSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants, userInfo } from 'node:os';
import { pid as self } from 'node:process';
import type { Containers, FoundContainer } from '../container.ts';
import { NvidiaGpus } from '../gpu/nvml.ts';
import { plainSignal } from '../plainSignal.ts';
import type { Footprint, ListeningPort, Loan, Marks, Platform, ProcessIdentity, ProcessStat, SignalOutcome, Usage } from '../platform.ts';
import { usualEndSignals } from '../platform.ts';
import { descendantsIn } from '../walk.ts';
import { Cgroup, removeCgroupHome } from './cgroups.ts';
import { DiskUsage } from './diskUsage.ts';
import { DrmUsage } from './drm.ts';
import { type Libc, NativeLibraryError } from './libc.ts';
import { LinuxContainers } from './linuxContainers.ts';
import { OpenProcesses } from './openProcesses.ts';
import { ProcFs, parsePss, parseSoftLimit, parseTreeMark } from './procfs.ts';
import { Sockets } from './sockets.ts';

/**
 * The mark that nothing sheds is the soft limit on CPU time of a realtime thread (RLIMIT_RTTIME, getrlimit(2)). It is
 * inherited by every descendant through fork and exec, means nothing to a process without realtime scheduling, is
 * unlimited everywhere by default, and has room for 50 random bits at values (70 years and more) that no realtime
 * thread will ever notice.
 */
const RLIMIT_RTTIME = 15;
const limitName = 'Max realtime timeout';
const oomScoreFile = '/proc/self/oom_score_adj';
/**
 * A process that forks and leaves is gone when its pid is looked up, and its child was not on the list yet. So a look ends when
 * nobody was born since the last of its passes; all but the first are short, which is what ends it. Where the whole machine forks
 * without pause, this does.
 */
const maxPasses = 50;
/** So many pids, one for each thread too, are looked up sooner one by one than by a list of all. */
const manyPids = 1000;

export class LinuxPlatform implements Platform {
  readonly name = 'linux';
  readonly bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  readonly shortcomings: readonly string[];
  readonly killsAtDeath = false;
  readonly tellsPorts = true;
  readonly endSignals = usualEndSignals;
  readonly spawnOptions = { detached: true, windowsHide: true };
  readonly #proc = new ProcFs();
  readonly #open = new OpenProcesses(this.#proc);
  readonly #sockets = new Sockets(this.#proc);
  readonly #diskUsage = new DiskUsage(this.#proc);
  readonly #drm = new DrmUsage(this.#proc);
  /** A native library, too. */
  readonly #nvidia: NvidiaGpus | undefined;
  readonly #libc: Libc | undefined;
  readonly #hasChildrenFiles = existsSync(`/proc/self/task/${self}/children`);
  #adoptsOrphans = false;

  constructor(libc: Libc | NativeLibraryError) {
    if (libc instanceof NativeLibraryError) {
      this.#libc = undefined;
      this.shortcomings = [
        `Native calls are not available (${libc.message}): only process groups, parent links and the environment mark are used here, so a daemon that drops all three can escape.`,
      ];
      return;
    }
    this.#libc = libc;
    this.#nvidia = new NvidiaGpus('libnvidia-ml.so.1');
    this.shortcomings =
      libc.getLimit(RLIMIT_RTTIME).hard === undefined
        ? []
        : [
            'The limit on realtime CPU time is already set on this machine, so it cannot serve as a mark: a daemon that drops its environment is lost if the warden is killed.',
          ];
  }

  get adoptsOrphans(): boolean {
    return this.#adoptsOrphans;
  }

  adoptOrphans(): void {
    this.#adoptsOrphans = this.#libc?.setChildSubreaper() ?? false;
  }

  stat(pid: number): ProcessStat | undefined {
    return this.#proc.stat(pid);
  }

  descendants(roots: Iterable<ProcessIdentity>, thorough: boolean): ProcessStat[] {
    if (!this.#hasChildrenFiles) return descendantsIn(this.everyone(), roots);
    const found = new Map<number, ProcessStat | undefined>();
    let queue: { readonly pid: number; readonly startTime?: number }[] = [...roots];
    for (let pass = 0; queue.length > 0 && pass < maxPasses; pass++) {
      // The queue grows while it is walked: an array's iterator sees what is pushed behind it.
      for (const { pid, startTime } of queue) {
        if (found.has(pid)) continue;
        const stat = this.#open.stat(pid);
        if (startTime !== undefined && stat?.startTime !== startTime) continue;
        found.set(pid, stat);
        if (stat) for (const child of this.#childrenOf(stat, thorough)) queue.push({ pid: child });
      }
      // Whoever was orphaned meanwhile is a child of this process now.
      const adopted = this.#adoptsOrphans && found.has(self) ? this.#proc.childrenOf(self, self) : [];
      queue = adopted.filter((pid) => !found.has(pid)).map((pid) => ({ pid }));
    }
    this.#open.endLook();
    return [...found.values()].filter((stat) => stat !== undefined);
  }

  #childrenOf({ pid, threads, alive }: ProcessStat, thorough: boolean): number[] {
    if (!alive) return [];
    // Node forks, and the kernel hands orphans over, on the main thread; so this process never needs its others.
    if (!thorough || threads === 1 || pid === self) return this.#open.childrenOf(pid);
    return this.#proc.threadsOf(pid).flatMap((thread) => this.#proc.childrenOf(pid, thread));
  }

  everyone(): ProcessStat[] {
    const found = new Map<number, ProcessStat | undefined>();
    let last = this.#proc.lastPid();
    // The newest first: they are the most likely to go soon.
    let listed = this.#proc.pids().reverse();
    for (let pass = 0; pass < maxPasses; pass++) {
      for (const pid of listed) if (!found.has(pid)) found.set(pid, this.#proc.stat(pid));
      const now = this.#proc.lastPid();
      if (now === last) break;
      listed = this.#bornBetween(last, now);
      last = now;
    }
    return [...found.values()].filter((stat) => stat !== undefined);
  }

  /** Pids that may have been given out since `last` was the newest one. */
  #bornBetween(last = 0, now = 0): number[] {
    const count = now - last;
    // They begin again from the lowest when the highest is reached.
    if (count <= 0 || count >= manyPids) return this.#proc.pids().reverse();
    return Array.from({ length: count }, (_, index) => now - index).filter((pid) => !this.#proc.isThread(pid));
  }

  usage(processes: readonly ProcessStat[]): Promise<Map<number, Usage>> {
    const disk = this.#diskUsage.read(processes);
    const drm = this.#drm.usage(processes);
    const nvidia = this.#nvidia?.usage();
    const usageOf = (process: ProcessStat): Usage => ({
      ...process,
      disk: disk.get(process.pid),
      gpu: nvidia?.get(process.pid) ?? drm.get(process.pid),
    });
    return Promise.resolve(new Map(processes.map((process) => [process.pid, usageOf(process)])));
  }

  async gpuHolders(): Promise<ReadonlySet<number>> {
    return (await this.#nvidia?.holders()) ?? new Set();
  }

  footprints(processes: readonly ProcessIdentity[]): Map<number, Footprint> {
    const present = processes.filter(({ pid, startTime }) => this.stat(pid)?.startTime === startTime);
    const connections = this.#sockets.connections(present);
    return new Map(
      present.map(({ pid }): [number, Footprint] => {
        const sharedOutBytes = parsePss(this.#proc.read(`/proc/${pid}/smaps_rollup`) ?? '');
        const openFiles = this.#proc.countDescriptors(pid);
        return [
          pid,
          {
            ...(sharedOutBytes !== undefined && { sharedOutBytes }),
            ...(openFiles !== undefined && { openFiles, connections: connections.get(pid) ?? 0 }),
          },
        ];
      }),
    );
  }

  listening(processes: readonly ProcessIdentity[]): ReadonlyMap<number, readonly ListeningPort[]> {
    return this.#sockets.listening(processes);
  }

  isOurs(pid: number): boolean {
    return this.#proc.ownerOf(pid) === userInfo().uid;
  }

  argvOf(pid: number): readonly string[] {
    return this.#proc.read(`/proc/${pid}/cmdline`)?.split('\0').filter(Boolean) ?? [];
  }

  signal(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
    const fd = this.#libc?.pidfdOpen(target.pid);
    if (fd === -constants.errno.ESRCH) return 'gone';
    // No pidfd (no native calls, an old kernel, no descriptor free).
    if (this.#libc === undefined || fd === undefined || fd < 0) return plainSignal(this.stat(target.pid), target, signal);
    try {
      // From here on the descriptor pins the process: its pid cannot pass to another one unnoticed.
      if (this.stat(target.pid)?.startTime !== target.startTime) return 'gone';
      return outcomeOf(-this.#libc.pidfdSendSignal(fd, constants.signals[signal]));
    } finally {
      closeSync(fd);
    }
  }

  protectSocket(path: string): void {
    chmodSync(path, 0o600);
  }

  reap(pid: number): void {
    this.#libc?.waitNoHang(pid);
  }

  lend<T>({ mark, oomScore }: Loan, spawn: () => T): T {
    return this.#withMark(mark, () => this.#withOomScore(oomScore, spawn));
  }

  containersFor(warden: string): Containers {
    return new LinuxContainers(warden);
  }

  findContainer(path: string, tree: string): FoundContainer | undefined {
    return Cgroup.find(path, tree, userInfo().uid);
  }

  removeHomes(homes: readonly string[]): boolean {
    const { uid } = userInfo();
    return homes.map((home) => removeCgroupHome(home, uid)).every(Boolean);
  }

  #withOomScore<T>(more: number, spawn: () => T): T {
    const before = Number(this.#proc.read(oomScoreFile)?.trim());
    if (more === 0 || Number.isNaN(before) || !writeIfAllowed(oomScoreFile, Math.min(before + more, 1000))) return spawn();
    try {
      return spawn();
    } finally {
      writeIfAllowed(oomScoreFile, before);
    }
  }

  #withMark<T>(mark: number, spawn: () => T): T {
    const before = this.#libc?.getLimit(RLIMIT_RTTIME);
    if (this.#libc === undefined || before === undefined || before.hard !== undefined) return spawn();
    this.#libc.setLimit(RLIMIT_RTTIME, { soft: mark, hard: before.hard });
    try {
      return spawn();
    } finally {
      this.#libc.setLimit(RLIMIT_RTTIME, before);
    }
  }

  marksOf(pid: number): Marks | undefined {
    const environment = parseTreeMark(this.#proc.read(`/proc/${pid}/environ`) ?? '');
    // Everybody may read this one; of a process that has ended, it is empty.
    const limits = this.#proc.read(`/proc/${pid}/limits`);
    return limits ? { environment, limit: parseSoftLimit(limits, limitName) } : undefined;
  }
}

function outcomeOf(errno: number): SignalOutcome {
  if (errno === 0) return 'sent';
  return errno === constants.errno.EPERM ? 'denied' : 'gone';
}

function writeIfAllowed(path: string, value: number): boolean {
  try {
    writeFileSync(path, String(value));
    return true;
  } catch {
    return false;
  }
}
