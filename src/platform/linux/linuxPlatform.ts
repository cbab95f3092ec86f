import { chmodSync, closeSync, existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { pid as self } from 'node:process';
import type { Containers, FoundContainer } from '../container.ts';
import { NvidiaGpus } from '../gpu/nvml.ts';
import { killSignal } from '../killSignal.ts';
import type {
  EndingSignal,
  Footprint,
  ListeningPort,
  Marks,
  OpenTerminal,
  Platform,
  ProcessIdentity,
  ProcessStat,
  SignalOutcome,
  SpawnAttributes,
  Usage,
} from '../platform.ts';
import { ProcessTableError, usualEndSignals } from '../platform.ts';
import { GuardedSignals } from '../protectedProcesses.ts';
import { Turns } from '../turns.ts';
import { descendantsIn } from '../walk.ts';
import { removeAbandonedRoots } from './abandonedRoots.ts';
import { Bubblewrap } from './bubblewrap.ts';
import { Cgroup, removeCgroupRoot } from './cgroups.ts';
import { DiskUsage } from './diskUsage.ts';
import { DrmUsage } from './drm.ts';
import { followEnd } from './endingSignal.ts';
import { type Libc, NativeLibraryError } from './libc.ts';
import { LinuxContainers } from './linuxContainers.ts';
import { LinuxPrograms } from './linuxPrograms.ts';
import { OomScore } from './oomScore.ts';
import { OpenProcesses } from './openProcesses.ts';
import { ProcFs, parseHandled, parsePss, parseSoftLimit, parseTreeMark, parseVariable } from './procfs.ts';
import { ProcOrigins } from './procOrigins.ts';
import { Sockets } from './sockets.ts';
import { spareDescriptors } from './spareDescriptors.ts';
import { openTerminal } from './terminals.ts';

/**
 * The mark that nothing sheds is the soft limit on CPU time of a realtime thread (RLIMIT_RTTIME, getrlimit(2)). It is
 * inherited by every descendant through fork and exec, means nothing to a process without realtime scheduling, is
 * unlimited everywhere by default, and has room for 50 random bits at values (70 years and more) that no realtime
 * thread will ever notice.
 */
const RLIMIT_RTTIME = 15;
const notSeen = 'this process cannot be found in /proc';
const limitName = 'Max realtime timeout';
const ownUid = process.getuid?.() ?? -1;
/**
 * Maximum number of passes of one search. A process that forks and exits is gone when its pid is read, and its child was not on the list yet. So a
 * search ends when no process was born since its last pass; all but the first pass are short, so it usually does. On a machine that forks
 * without pause, this ends it.
 */
const maxPasses = 50;
/** Maximum number of new pids, threads included, up to which it is faster to read them one by one than to list /proc. */
const maxSinglePids = 1000;

export class LinuxPlatform extends GuardedSignals implements Platform {
  readonly name = 'linux';
  readonly bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  readonly shortcomings: readonly string[];
  readonly killsAtDeath = false;
  readonly supportsPorts = true;
  readonly endSignals = usualEndSignals;
  readonly spawnOptions = { detached: true, windowsHide: true };
  readonly isolator: Bubblewrap;
  readonly programs: LinuxPrograms | undefined;
  readonly #proc = new ProcFs();
  readonly #open = new OpenProcesses(this.#proc);
  readonly #sockets = new Sockets(this.#proc);
  readonly #diskUsage = new DiskUsage(this.#proc);
  readonly #drm = new DrmUsage(this.#proc);
  readonly origins = new ProcOrigins(this.#proc);
  /** A native library, too. */
  readonly #nvidia: NvidiaGpus | undefined;
  readonly #libc: Libc | undefined;
  readonly #hasChildrenFiles = existsSync(`/proc/self/task/${self}/children`);
  #adoptsOrphans = false;

  constructor(libc: Libc | NativeLibraryError) {
    super();
    spareDescriptors.hold();
    this.isolator = new Bubblewrap(libc instanceof NativeLibraryError ? undefined : libc);
    if (libc instanceof NativeLibraryError) {
      this.#libc = undefined;
      this.shortcomings = [
        `Native calls are not available (${libc.message}): outside of a cgroup, a process is known only by its group, its parents and an environment variable, and a daemon that drops all three can escape.`,
      ];
      return;
    }
    this.#libc = libc;
    this.programs = libc.posixSpawn && new LinuxPrograms(libc.posixSpawn, libc);
    this.#nvidia = new NvidiaGpus('libnvidia-ml.so.1');
    this.shortcomings =
      libc.getLimit(RLIMIT_RTTIME).hard === undefined
        ? []
        : [
            'The limit on realtime CPU time is already set on this machine, so it cannot serve as a mark: a daemon that drops its environment is lost if the warden is killed.',
          ];
  }

  readonly ignoresVariableCase = false;

  get opensTerminals(): boolean {
    return this.#libc !== undefined;
  }

  get adoptsOrphans(): boolean {
    return this.#adoptsOrphans;
  }

  adoptOrphans(): void {
    this.#adoptsOrphans = this.#libc?.setChildSubreaper() ?? false;
  }

  continueAtParentsEnd(): void {
    this.#libc?.setParentDeathSignal(constants.signals.SIGCONT);
  }

  stat(pid: number): ProcessStat | undefined {
    return this.#proc.stat(pid);
  }

  descendants(roots: Iterable<ProcessIdentity>, thorough: boolean): ProcessStat[] {
    const walk = this.#walk(roots, thorough);
    let step = walk.next();
    while (!step.done) step = walk.next();
    return step.value;
  }

  async descendantsInTurns(roots: Iterable<ProcessIdentity>, thorough: boolean): Promise<ProcessStat[]> {
    const turns = new Turns();
    const walk = this.#walk(roots, thorough);
    let step = walk.next();
    while (!step.done) {
      const pause = turns.next();
      if (pause) await pause;
      step = walk.next();
    }
    return step.value;
  }

  /** A step for each process. */
  *#walk(roots: Iterable<ProcessIdentity>, thorough: boolean): Generator<void, ProcessStat[]> {
    if (!this.#hasChildrenFiles) return descendantsIn(this.allProcesses(), roots);
    const found = new Map<number, ProcessStat | undefined>();
    let queue: { readonly pid: number; readonly startTime?: number }[] = [...roots];
    const asksForSelf = queue.some(({ pid }) => pid === self);
    for (let pass = 0; queue.length > 0 && pass < maxPasses; pass++) {
      // The queue grows while it is walked: an array's iterator sees what is pushed behind it.
      for (const { pid, startTime } of queue) {
        if (found.has(pid)) continue;
        const stat = this.#open.stat(pid);
        if (startTime !== undefined && stat?.startTime !== startTime) continue;
        found.set(pid, stat);
        if (stat) for (const child of this.#childrenOf(stat, thorough)) queue.push({ pid: child });
        yield;
      }
      // A process that was orphaned meanwhile is a child of this process now.
      const adopted = this.#adoptsOrphans && found.has(self) ? this.#proc.childrenOf(self, self) : [];
      queue = adopted.filter((pid) => !found.has(pid)).map((pid) => ({ pid }));
    }
    this.#open.endPass();
    if (asksForSelf && found.get(self) === undefined) throw new ProcessTableError(notSeen);
    return [...found.values()].filter((stat) => stat !== undefined);
  }

  #childrenOf({ pid, threads, alive }: ProcessStat, thorough: boolean): number[] {
    if (!alive) return [];
    // Node forks, and the kernel hands orphans over, on the main thread; so this process never needs its others.
    if (!thorough || threads === 1 || pid === self) return this.#open.childrenOf(pid);
    return this.#proc.threadsOf(pid).flatMap((thread) => this.#proc.childrenOf(pid, thread));
  }

  allProcesses(): ProcessStat[] {
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
    // Where nothing is seen, nothing is known.
    if (found.get(self) === undefined) throw new ProcessTableError(notSeen);
    return [...found.values()].filter((stat) => stat !== undefined);
  }

  /** Pids that may have been given out since `last` was the newest one. */
  #bornBetween(last = 0, now = 0): number[] {
    const count = now - last;
    // They begin again from the lowest when the highest is reached.
    if (count <= 0 || count >= maxSinglePids) return this.#proc.pids().reverse();
    return Array.from({ length: count }, (_, index) => now - index).filter((pid) => !this.#proc.isThread(pid));
  }

  async usage(processes: readonly ProcessStat[]): Promise<Map<number, Usage>> {
    const disk = await this.#diskUsage.read(processes);
    const drm = await this.#drm.usage(processes);
    const nvidia = this.#nvidia?.usage();
    const usageOf = (process: ProcessStat): Usage => ({
      ...process,
      disk: disk.get(process.pid),
      gpu: nvidia?.get(process.pid) ?? drm.get(process.pid),
    });
    return new Map(processes.map((process) => [process.pid, usageOf(process)]));
  }

  async gpuHolders(): Promise<ReadonlySet<number>> {
    return (await this.#nvidia?.holders()) ?? new Set();
  }

  async footprints(processes: readonly ProcessIdentity[]): Promise<ReadonlyMap<number, Footprint>> {
    const present = processes.filter(({ pid, startTime }) => this.stat(pid)?.startTime === startTime);
    const connections = await this.#sockets.connections(present);
    const footprints = await new Turns().map(present, ({ pid }): [number, Footprint] => {
      const pssBytes = parsePss(this.#proc.read(`/proc/${pid}/smaps_rollup`) ?? '');
      const openFiles = this.#proc.countDescriptors(pid);
      return [
        pid,
        {
          ...(pssBytes !== undefined && { pssBytes }),
          ...(openFiles !== undefined && { openFiles, connections: connections.get(pid) ?? 0 }),
        },
      ];
    });
    return new Map(footprints);
  }

  listening(processes: readonly ProcessIdentity[]): Promise<ReadonlyMap<number, readonly ListeningPort[]>> {
    return this.#sockets.listening(processes);
  }

  isOwnedByUser(pid: number): boolean {
    return this.#proc.ownerOf(pid) === ownUid;
  }

  get endsOthers(): boolean {
    return ownUid === 0;
  }

  argvOf(pid: number): readonly string[] {
    return this.#proc.read(`/proc/${pid}/cmdline`)?.split('\0').filter(Boolean) ?? [];
  }

  executableOf(pid: number): string | undefined {
    // An update replaces the file of a program that runs.
    return this.#proc.link(`/proc/${pid}/exe`)?.replace(/ \(deleted\)$/, '');
  }

  variableOf(pid: number, name: string): string | undefined {
    return parseVariable(this.#proc.read(`/proc/${pid}/environ`) ?? '', name);
  }

  handlesSignal(pid: number, signal: NodeJS.Signals): boolean | undefined {
    return parseHandled(this.#proc.read(`/proc/${pid}/status`) ?? '', constants.signals[signal]);
  }

  protected override deliver(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
    const fd = this.#libc?.pidfdOpen(target.pid);
    if (fd === -constants.errno.ESRCH) return 'gone';
    // No pidfd (no native calls, an old kernel, no descriptor free): kill(2), after the start times were compared.
    if (this.#libc === undefined || fd === undefined || fd < 0) return killSignal(this.stat(target.pid), target, signal);
    try {
      // From here on the descriptor pins the process: its pid cannot pass to another one unnoticed.
      if (this.stat(target.pid)?.startTime !== target.startTime) return 'gone';
      const errno = -this.#libc.pidfdSendSignal(fd, constants.signals[signal]);
      if (errno === 0) return 'sent';
      if (errno === constants.errno.ESRCH) return 'gone';
      return errno === constants.errno.EPERM ? 'denied' : killSignal(this.stat(target.pid), target, signal);
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

  followEnd(pid: number): EndingSignal | undefined {
    return this.#libc && followEnd(this.#libc, pid);
  }

  withSpawnAttributes<T>({ mark, oomScore }: SpawnAttributes, spawn: () => T): T {
    return this.#withMark(mark, () => this.#withOomScore(oomScore, spawn));
  }

  markRunning(process: ProcessIdentity, mark: number | undefined, before?: number): boolean {
    const { pid } = process;
    const limit = this.#libc?.getLimitOf(pid, RLIMIT_RTTIME);
    // Another tree's mark stays: the warden inside a tree knows its own trees by theirs.
    if (this.#libc === undefined || limit === undefined || limit.hard !== undefined || limit.soft !== before) return false;
    if (!this.#isStill(process) || !this.#libc.setLimitOf(pid, RLIMIT_RTTIME, { soft: mark, hard: undefined })) return false;
    if (this.#isStill(process)) return true;
    // It has ended in between, and its pid may be another one's by now.
    this.#libc.setLimitOf(pid, RLIMIT_RTTIME, limit);
    return false;
  }

  #isStill({ pid, startTime }: ProcessIdentity): boolean {
    return this.stat(pid)?.startTime === startTime;
  }

  openTerminal(): OpenTerminal | undefined {
    return this.#libc && openTerminal(this.#libc, this.#proc);
  }

  containersFor(warden: string): Containers {
    removeAbandonedRoots(ownUid, (owner) => this.#isNamed(owner));
    return new LinuxContainers(warden);
  }

  /** A warden's switch and its reaper have its folder of records among their arguments, whose name is the warden's. */
  #isNamed(owner: string): boolean {
    const doctor = owner.match(/^doctor-(\d+)$/)?.[1];
    if (doctor !== undefined) return this.stat(Number(doctor)) !== undefined;
    return this.#proc.pids().some((pid) => this.argvOf(pid).some((word) => word.endsWith(`/${owner}`)));
  }

  findContainer(path: string, tree: string): FoundContainer | undefined {
    return Cgroup.find(path, tree, ownUid);
  }

  removeCgroupRoots(roots: readonly string[]): boolean {
    return roots.map((root) => removeCgroupRoot(root, ownUid)).every(Boolean);
  }

  #withOomScore<T>(more: number, spawn: () => T): T {
    const score = more === 0 ? undefined : OomScore.open();
    try {
      if (!score?.raise(more)) return spawn();
      try {
        return spawn();
      } finally {
        score.restore();
      }
    } finally {
      score?.close();
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
    // Every user may read this file; it is empty for a process that has ended.
    const limits = this.#proc.read(`/proc/${pid}/limits`);
    return limits ? { environment, limit: parseSoftLimit(limits, limitName) } : undefined;
  }
}
