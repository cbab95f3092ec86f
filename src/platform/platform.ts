/**
 * The kernel, as the rest of Tree Warden sees it. One implementation a folder; nothing outside this folder asks which
 * operating system it runs on.
 */

import type { Containers, FoundContainer } from './container.ts';

/** A process for certain: a pid alone is given to somebody else as soon as it is free. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in a unit and from an epoch of the platform's own; only ever compared for equality and order. */
  readonly startTime: number;
}

export interface ProcessStat extends ProcessIdentity {
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** False for a zombie: it runs nothing and holds nothing but its pid. */
  readonly alive: boolean;
  readonly stopped: boolean;
  readonly name: string;
  readonly threads: number;
  /** CPU time used since its start, user and system together, in milliseconds. */
  readonly cpuMillis: number;
  /** Of all children that have ended and that it has waited for, and theirs; 0 where the platform does not tell. */
  readonly childrenCpuMillis: number;
  /** Resident set size in bytes; pages shared with other processes count in each of them. */
  readonly memoryBytes: number;
}

/** What a process carries from the tree that it was spawned in. */
export interface Marks {
  /** Ids of trees from the environment, outermost first; empty where it was dropped or cannot be read. */
  readonly environment: readonly string[];
  /** The number lent by {@link Platform.lend}; undefined where there is none. */
  readonly limit: number | undefined;
}

/**
 * `denied`: it is alive but belongs to somebody whom this user may not signal; `unheard`: it has nothing by which it could be asked
 * (Windows: neither console nor window).
 */
export type SignalOutcome = 'sent' | 'gone' | 'denied' | 'unheard';

/** Since the start of a process, the children included that it has waited for, where the platform counts those. */
export interface DiskCounters {
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** Of all GPUs together. */
export interface GpuUsage {
  readonly memoryBytes: number;
  /** Percent of one GPU; 0 where the driver does not tell. */
  readonly percent: number;
}

/** CPU in milliseconds since the start and resident bytes. */
export interface Usage {
  readonly cpuMillis: number;
  readonly childrenCpuMillis: number;
  readonly memoryBytes: number;
  /** Absent where the platform does not tell. */
  readonly disk?: DiskCounters | undefined;
  /** Absent where it uses none, or nobody tells. */
  readonly gpu?: GpuUsage | undefined;
}

/** What is too dear to be read at every sample; what is absent, the platform or the process's owner does not tell. */
export interface Footprint {
  /** Resident memory in bytes, in which each shared page is divided among those who share it (PSS), so that it may be summed up. */
  readonly sharedOutBytes?: number;
  /** Descriptors, or handles. */
  readonly openFiles?: number;
  /** TCP connections that are established. */
  readonly connections?: number;
}

export interface ListeningPort {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** `127.0.0.1`, `0.0.0.0`, `::`. */
  readonly address: string;
}

export interface Platform {
  readonly name: string;
  /** What this machine cannot give, each as a sentence for the user; empty where nothing is missing. */
  readonly shortcomings: readonly string[];
  /** Identifies one boot: identities recorded under another one mean nothing. */
  readonly bootId: string;
  /** Whether the kernel itself ends everything that this process has started when it ends, however that comes about. */
  readonly killsAtDeath: boolean;
  /** The signals by which a user or the system asks this process to end. */
  readonly endSignals: readonly NodeJS.Signals[];
  /** Whether orphans of this process's descendants come back to it (see {@link adoptOrphans}). */
  readonly adoptsOrphans: boolean;

  /** Makes this process the one to which orphaned descendants return, where the kernel can do that. */
  adoptOrphans(): void;

  /** Undefined where there is no such process. */
  stat(pid: number): ProcessStat | undefined;

  /**
   * Every process reachable from `roots` by parent links, roots included, parents before their children; zombies too.
   * A root whose pid has passed to another process is left out, and so is what descends from that one.
   * `thorough` also finds what a member's other threads have forked; without it, that costs one read more per process.
   */
  descendants(roots: Iterable<ProcessIdentity>, thorough: boolean): ProcessStat[];

  /** Every process that this user can see; on Linux, one that forks and leaves is never missed. */
  everyone(): ProcessStat[];

  /** Up-to-date usage of these processes; those that are gone are left out. */
  usage(processes: readonly ProcessStat[]): Promise<Map<number, Usage>>;

  /** Pids of processes that a GPU's driver still keeps memory for, dead or alive, as far as the driver tells. */
  gpuHolders(): Promise<ReadonlySet<number>>;

  /** Of each of these processes that is still there. */
  footprints(processes: readonly ProcessIdentity[]): ReadonlyMap<number, Footprint>;

  /** Whether {@link listening} can tell anything here. */
  readonly tellsPorts: boolean;

  /** What these processes can be reached at; those who listen on nothing are left out. */
  listening(processes: readonly ProcessIdentity[]): ReadonlyMap<number, readonly ListeningPort[]>;

  /** Whether this process belongs to the user who runs this one; false where it is gone, true where only the kernel knows. */
  isOurs(pid: number): boolean;

  /** Its program and arguments; empty where they cannot be had. */
  argvOf(pid: number): readonly string[];

  /** How a leader is spawned so that it is the first of a session, or a console, of its own. */
  readonly spawnOptions: { readonly detached: boolean; readonly windowsHide: boolean };

  /** Keeps others than this user from a socket that listens now. */
  protectSocket(path: string): void;

  /** Sends a signal to this very process, never to another one that was given its pid. */
  signal(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome;

  /** Collects an adopted child that has ended. Only for pids that Node did not spawn itself: Node waits for its own. */
  reap(pid: number): void;

  /**
   * Runs `spawn` so that the process it starts, and all that ever descends from it, have what is lent. Synchronous, so that
   * nothing else is started in between.
   */
  lend<T>(loan: Loan, spawn: () => T): T;

  /** Undefined where it is seen to have ended meanwhile. */
  marksOf(pid: number): Marks | undefined;

  /** The containers of one warden. */
  containersFor(warden: string): Containers;

  /** Removes the folders in which a dead warden has made containers (see {@link Containers.homes}); never one with processes in it. False where one stays. */
  removeHomes(homes: readonly string[]): boolean;

  /** The container of a tree whose warden is dead, by what its record says of it; undefined where it is not that any more. */
  findContainer(path: string, tree: string): FoundContainer | undefined;
}

/** What a new process is born with. */
export interface Loan {
  /** A whole number from {@link markRange}. */
  readonly mark: number;
  /** Added to the warden's own readiness to be killed when memory runs out (oom_score_adj, proc(5)), up to 1000. */
  readonly oomScore: number;
}

/** Of every Unix. */
export const usualEndSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** The environment variable that names the trees a process belongs to, outermost first, separated by colons. */
export const markVariable = 'TREE_WARDEN_TREE';

/** Marks are drawn from `[from, from + 2^50)`. */
export const markRange = { from: 2 ** 51, bits: 50 } as const;

export function sameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.startTime === b.startTime;
}
