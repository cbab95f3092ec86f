/**
 * The kernel, as the rest of Tree Warden sees it. One implementation a folder; nothing outside this folder asks which
 * operating system it runs on.
 */

import type { Containers, FoundContainer } from './container.ts';
import type { Isolator } from './isolation.ts';
import type { Origins } from './origins.ts';
import type { Programs } from './programs.ts';

/** The identity of a process: a pid alone is given to another process as soon as it is free. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in a unit and from an epoch of the platform's own; only ever compared for equality and order. */
  readonly startTime: number;
}

/** The process table could not be read: it is unknown which processes are alive, and none may be taken for gone. */
export class ProcessTableError extends Error {}

export interface ProcessStat extends ProcessIdentity {
  readonly parent: number;
  /** Group and session are 0 where the platform has none. */
  readonly group: number;
  readonly session: number;
  /** Number of the device that is its controlling terminal, 0 where it has none; absent where the platform does not report it. */
  readonly terminal?: number;
  /** False for a zombie: it runs nothing and holds nothing but its pid. */
  readonly alive: boolean;
  readonly stopped: boolean;
  /** In a wait of the kernel's that no signal ends (state D of proc(5)), other than that of its own end; absent where the platform does not report it. */
  readonly uninterruptible?: boolean;
  readonly name: string;
  readonly threads: number;
  /** CPU time used since its start, user and system together, in milliseconds. */
  readonly cpuMillis: number;
  /** CPU time of all descendants that have ended and were waited for, in milliseconds; 0 where the platform does not report it. */
  readonly childrenCpuMillis: number;
  /** Resident set size in bytes; pages shared with other processes count in each of them. */
  readonly memoryBytes: number;
}

/** What a process carries from the tree that it was spawned in. */
export interface Marks {
  /** Ids of trees from the environment, outermost first; empty where it was dropped or cannot be read. */
  readonly environment: readonly string[];
  /** The number that {@link Platform.withSpawnAttributes} has set; undefined where there is none. */
  readonly limit: number | undefined;
}

/**
 * `denied`: it is alive but belongs to a user whom this one may not signal; `unheard`: it has nothing by which it could be asked
 * (Windows: neither console nor window); `protected`: nothing was sent, see {@link Platform.isProtected}.
 */
export type SignalOutcome = 'sent' | 'gone' | 'denied' | 'unheard' | 'protected';

/** Since the start of a process, the children included that it has waited for, where the platform counts those. */
export interface DiskCounters {
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** Of all GPUs together. */
export interface GpuUsage {
  readonly memoryBytes: number;
  /** Percent of one GPU; 0 where the driver does not report it. */
  readonly percent: number;
}

/** CPU in milliseconds since the start and resident bytes. */
export interface Usage {
  readonly cpuMillis: number;
  readonly childrenCpuMillis: number;
  readonly memoryBytes: number;
  /** Absent where the platform does not report it. */
  readonly disk?: DiskCounters | undefined;
  /** Absent where the process uses no GPU, or the driver does not report it. */
  readonly gpu?: GpuUsage | undefined;
}

/** Figures that are too expensive to read at every sample; each is absent where the platform does not report it, or access is denied. */
export interface Footprint {
  /** Proportional set size in bytes: each shared page is divided among the processes that share it, so that it may be summed up. */
  readonly pssBytes?: number;
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
  /** What is missing on this machine, each as a sentence for the user. */
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

  /** Has a stop of this process (SIGSTOP) end with the process that started it, where the kernel can do that: it sees that end then. */
  continueAtParentsEnd(): void;

  /** Undefined where there is no such process. @throws ProcessTableError, as every method that searches for processes. */
  stat(pid: number): ProcessStat | undefined;

  /**
   * Every process reachable from `roots` by parent links, roots included, parents before their children; zombies too.
   * A root whose pid has passed to another process is left out, and so is what descends from that one.
   * `thorough` also finds what a member's other threads have forked; without it, that costs one read more per process.
   */
  descendants(roots: Iterable<ProcessIdentity>, thorough: boolean): ProcessStat[];

  /** As {@link descendants}, but in turns: the event loop is free in between. What was found first may have ended by the time that it resolves. */
  descendantsInTurns(roots: Iterable<ProcessIdentity>, thorough: boolean): Promise<ProcessStat[]>;

  /** Every process that this user can see; on Linux, one that forks and leaves is never missed. */
  allProcesses(): ProcessStat[];

  /** Up-to-date usage of these processes; those that are gone are left out. */
  usage(processes: readonly ProcessStat[]): Promise<Map<number, Usage>>;

  /** Pids of processes, dead or alive, that a GPU's driver still keeps memory for, as far as the driver reports them. */
  gpuHolders(): Promise<ReadonlySet<number>>;

  /** Of each of these processes that is still there. */
  footprints(processes: readonly ProcessIdentity[]): Promise<ReadonlyMap<number, Footprint>>;

  /** Whether {@link listening} is supported here. */
  readonly supportsPorts: boolean;

  /** The ports that these processes listen on; processes without any are left out. */
  listening(processes: readonly ProcessIdentity[]): Promise<ReadonlyMap<number, readonly ListeningPort[]>>;

  /** Whether {@link signal} never reaches this one, whatever asks for it: the first process, this one, and those that this one runs under. */
  isProtected(pid: number): boolean;

  /** Whether the process belongs to this user; false where it has ended, true where only the kernel can decide. */
  isOwnedByUser(pid: number): boolean;

  /** Whether this user may end the processes of others: root may. */
  readonly endsOthers: boolean;

  /** Its program and arguments; empty where they cannot be had. */
  argvOf(pid: number): readonly string[];

  /** What tells where a process comes from; undefined where this platform does not report it. */
  readonly origins: Origins | undefined;
  /** Path of its executable; undefined where that cannot be had. */
  executableOf(pid: number): string | undefined;

  /** A variable of its environment as it was started with; undefined where that has none, or cannot be had. */
  variableOf(pid: number, name: string): string | undefined;

  /** Whether it handles a signal by itself; undefined where that cannot be had. */
  handlesSignal(pid: number, signal: NodeJS.Signals): boolean | undefined;

  /** How a leader is spawned so that it is the first of a session, or a console, of its own. */
  readonly spawnOptions: {
    readonly detached: boolean;
    readonly windowsHide: boolean;
    /** Set where the system hands a program one line, which it divides by itself: arguments are to be quoted by then. */
    readonly windowsVerbatimArguments?: boolean;
  };

  /** Keeps others than this user from a socket that listens now. */
  protectSocket(path: string): void;

  /** Sends a signal to this very process, never to another one that was given its pid. */
  signal(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome;

  /** Collects an adopted child that has ended. Only for pids that Node did not spawn itself: Node waits for its own. */
  reap(pid: number): void;

  /** Of a child that lives, or has not been collected; undefined where the system does not tell more than Node does. To be closed. */
  followEnd(pid: number): EndingSignal | undefined;

  /**
   * Runs `spawn` so that the process it starts, and all that ever descends from it, have these attributes. Synchronous, so that
   * nothing else is started in between.
   */
  withSpawnAttributes<T>(attributes: SpawnAttributes, spawn: () => T): T;

  /** Undefined where it is seen to have ended meanwhile. */
  marksOf(pid: number): Marks | undefined;

  /**
   * Gives a running process a mark that everything it starts from now on inherits, or with `undefined` takes this one (`before`) off. False where
   * the process is gone or another user's, carries a mark already, or the system has none.
   */
  markRunning(process: ProcessIdentity, mark: number | undefined, before?: number): boolean;

  /** Undefined where Node has to start all programs. */
  readonly programs: Programs | undefined;

  /** Whether {@link openTerminal} is there; otherwise a library that also starts the process in it has them. */
  readonly opensTerminals: boolean;

  /** Whether names of environment variables that differ in case only are the same variable. */
  readonly ignoresVariableCase: boolean;

  /** A new terminal; undefined where the system has none left. */
  openTerminal(): OpenTerminal | undefined;

  /** What takes from processes what they could reach. */
  readonly isolator: Isolator;

  /** The containers of one warden. */
  containersFor(warden: string): Containers;

  /** Removes the folders in which a dead warden has made containers (see {@link Containers.cgroupRoots}); never one with processes in it. False where one stays. */
  removeCgroupRoots(cgroupRoots: readonly string[]): boolean;

  /** The container of a tree whose warden is dead, by what its record says of it; undefined where it is not that any more. */
  findContainer(path: string, tree: string): FoundContainer | undefined;
}

/** Which signal has ended a child, also a realtime signal, whose end Node reports as an exit with code 0. */
export interface EndingSignal {
  /** To be called after the child was collected: the number of the signal; 0 where none has ended it, or the system does not tell. */
  read(): number;
  close(): void;
}

/** Both ends of a pseudoterminal, as descriptors of this process. */
export interface OpenTerminal {
  /** Does not block. */
  readonly master: number;
  readonly slave: number;
  /** By which the first process of a session opens it, and has it as its controlling terminal from then on. */
  readonly path: string;
  resize(columns: number, rows: number): void;
  /** How those of these processes that are in its foreground wait for what is typed; undefined where none does. */
  inputWait(members: readonly ProcessStat[]): InputWait | undefined;
}

/** How a process waits for what is typed into a terminal, and in which mode the terminal is: termios(3). */
export interface InputWait {
  /** `read`: for the terminal alone; `poll`: for other things, too; `hidden`: it cannot be seen whether it waits, because it is another user's. */
  readonly by: 'read' | 'poll' | 'hidden';
  /** Whether whole lines are read. */
  readonly canonical: boolean;
  readonly echo: boolean;
}

/** Attributes that a new process inherits from the moment of its spawn. */
export interface SpawnAttributes {
  /** A whole number from {@link markRange}. */
  readonly mark: number;
  /** Added to the warden's own readiness to be killed when memory runs out (oom_score_adj, proc(5)), up to 1000. */
  readonly oomScore: number;
}

/** The end signals of every Unix. */
export const usualEndSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** The environment variable that names the trees a process belongs to, outermost first, separated by colons. */
export const markVariable = 'TREE_WARDEN_TREE';

/** Marks are drawn from `[from, from + 2^50)`. */
export const markRange = { from: 2 ** 51, bits: 50 } as const;

/** Whether a member has left both group and session of its leader; never so where the platform has none. */
export function hasStrayed(process: Pick<ProcessStat, 'group' | 'session'>, leader: Pick<ProcessStat, 'group' | 'session'>): boolean {
  return process.session !== 0 && process.group !== leader.group && process.session !== leader.session;
}

export function sameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.startTime === b.startTime;
}
