import { availableParallelism as cores } from 'node:os';
import { type Container, type ContainerUsage, ContainmentError, type KernelLimits } from '../container.ts';
import type { ProcessIdentity, ProcessStat } from '../platform.ts';
import {
  ERROR_INVALID_PARAMETER,
  type Handle,
  JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
  JOB_OBJECT_LIMIT_JOB_MEMORY,
  JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
  PROCESS_QUERY_LIMITED_INFORMATION,
  PROCESS_SET_QUOTA,
  PROCESS_TERMINATE,
  type Win32,
} from './win32.ts';

/** What a process ends with that was killed: what Task Manager gives. */
export const killedExitCode = 1;
/** All processors, in hundredths of a percent (JOBOBJECT_CPU_RATE_CONTROL_INFORMATION). */
const fullCpuRate = 10_000;

/** The processes of this machine, as a job needs them. */
export interface JobSurroundings {
  /** What a process has started, and what descends from that, now. */
  below(pid: number): readonly ProcessStat[];
  kill(process: ProcessIdentity): void;
}

/**
 * One tree's job, within the warden's. Node returns from a spawn when the process runs, so a leader is put into the job a moment after its
 * first instruction; from then on, the kernel puts what it starts into the job. What it has started before that is in the warden's job, as all is
 * that the warden's children start; it is looked for by its parents, and put into the tree's job as well.
 */
export class JobContainer implements Container {
  readonly containment = 'job';
  readonly path = null;
  readonly hasInitProcess = false;
  readonly #win32: Win32;
  readonly #surroundings: JobSurroundings;
  #job: Handle;

  constructor(win32: Win32, surroundings: JobSurroundings) {
    this.#win32 = win32;
    this.#surroundings = surroundings;
    this.#job = win32.createJob();
    win32.setJobLimits(this.#job, { flags: JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE });
  }

  wrap(argv: readonly [string, ...string[]]): readonly [string, ...string[]] {
    return argv;
  }

  enter<T extends { readonly pid?: number | undefined }>(spawn: () => T): T {
    const spawned = spawn();
    if (spawned.pid) this.admit(spawned.pid);
    return spawned;
  }

  /** @throws ContainmentError where the process could not be taken in; it has been ended then, and what it has started. */
  admit(pid: number): void {
    const problem = this.#assignLeader(pid);
    if (problem === undefined) {
      this.#assignBelow(pid);
      return;
    }
    const isEnded = this.#end(pid);
    for (const process of this.#surroundings.below(pid)) this.#surroundings.kill(process);
    throw new ContainmentError(
      `The process (pid ${pid}) could not be put into the job of its tree, and ${isEnded ? 'was ended' : 'could not be ended either'}: ${problem}`,
    );
  }

  takeIn(pid: number): boolean {
    const opened = this.#win32.openProcess(PROCESS_SET_QUOTA | PROCESS_TERMINATE, pid);
    if ('error' in opened) return false;
    try {
      if (!isAllowed(() => this.#win32.assignToJob(this.#job, opened.handle))) return false;
    } finally {
      this.#win32.closeHandle(opened.handle);
    }
    this.#assignBelow(pid);
    return true;
  }

  /** No process leaves a job: from then on, this one ends nothing. */
  putBack(): boolean {
    this.#win32.setJobLimits(this.#job, { flags: 0 });
    return true;
  }

  /** Why the process could not be assigned; undefined where it was, or has ended. */
  #assignLeader(pid: number): string | undefined {
    const opened = this.#win32.openProcess(PROCESS_SET_QUOTA | PROCESS_TERMINATE, pid);
    if ('error' in opened) return opened.error === ERROR_INVALID_PARAMETER ? undefined : `OpenProcess failed (error ${opened.error}).`;
    const { handle } = opened;
    try {
      this.#win32.assignToJob(this.#job, handle);
      return undefined;
    } catch (error) {
      // One that has ended is refused, too, and cannot be ended again.
      if (!this.#win32.terminateProcess(handle, killedExitCode)) return undefined;
      return error instanceof Error ? error.message : String(error);
    } finally {
      this.#win32.closeHandle(handle);
    }
  }

  /** What the leader has started before it was in the job. Looks until a look finds none that was not tried, so this ends. */
  #assignBelow(leader: number): void {
    const tried = new Set<string>();
    for (;;) {
      // In this order: what was born in the job is on the list that is taken later.
      const below = this.#surroundings.below(leader);
      const inside = new Set(this.pids());
      const outside = below.filter(({ pid, startTime }) => !inside.has(pid) && !tried.has(`${pid}:${startTime}`));
      if (outside.length === 0) return;
      for (const process of outside) {
        tried.add(`${process.pid}:${process.startTime}`);
        this.#assignDescendant(process);
      }
    }
  }

  /** One that is refused stays in the warden's job, and a member by its parent: mostly, it is about to end. */
  #assignDescendant({ pid, startTime }: ProcessIdentity): void {
    const opened = this.#win32.openProcess(PROCESS_SET_QUOTA | PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION, pid);
    if ('error' in opened) return;
    const { handle } = opened;
    try {
      if (this.#win32.creationTime(handle) === startTime) isAllowed(() => this.#win32.assignToJob(this.#job, handle));
    } finally {
      this.#win32.closeHandle(handle);
    }
  }

  /** A child of ours, whose pid is its own until Node has heard of its end: whether it has been ended. */
  #end(pid: number): boolean {
    const opened = this.#win32.openProcess(PROCESS_TERMINATE, pid);
    if ('error' in opened) return opened.error === ERROR_INVALID_PARAMETER;
    // It may have been ended before, which is refused.
    this.#win32.terminateProcess(opened.handle, killedExitCode);
    this.#win32.closeHandle(opened.handle);
    return true;
  }

  pids(): readonly number[] {
    return this.#job === undefined ? [] : this.#win32.jobProcessIds(this.#job);
  }

  killAll(mayKill: (pid: number) => boolean): boolean {
    if (this.#job === undefined || !this.pids().every(mayKill)) return false;
    this.#win32.terminateJob(this.#job, killedExitCode);
    return true;
  }

  limit({ memoryBytes, processes, cpuCores }: KernelLimits): (keyof KernelLimits)[] {
    // The job refuses memory and processes and ends no process: what that does to the tree is still looked for.
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

  /** Closing the only handle ends all processes that are still in it. */
  dispose(): void {
    if (this.#job !== undefined) this.#win32.closeHandle(this.#job);
    this.#job = undefined;
  }
}

/** False on an older Windows, or under Wine: the warden looks itself. */
function isAllowed(set: () => void): boolean {
  try {
    set();
    return true;
  } catch {
    return false;
  }
}
