/** What holds the processes of one tree together, beside the marks that each of them carries. */

export type Containment = 'group' | 'cgroup' | 'namespace' | 'job';

/** Whether this machine has a containment, for people: `tree-warden doctor` prints it as it is. */
export interface ContainmentOffer {
  readonly containment: Containment;
  readonly available: boolean;
  /** What it gives here, or why it is not to be had, as a clause. */
  readonly why: string;
  /** What the user can do to get it, or more of it, as a sentence. */
  readonly advice?: string;
}

/** The machine does not have the containment that was asked for; the message says why, and what to do. */
export class ContainmentError extends Error {}

/** Limits on a tree as a whole, which some containers have the kernel hold. */
export interface KernelLimits {
  readonly memoryBytes?: number;
  readonly processes?: number;
  /** Cores' worth of CPU time: 1.5 is one and a half. */
  readonly cpuCores?: number;
}

/** How often the kernel has had to hold a limit. */
export interface LimitEvents {
  /** Processes that were killed because the tree had used up its memory. */
  readonly memoryKills: number;
  /** Forks that failed because the tree had its number of processes. */
  readonly refusedForks: number;
}

/** A container that somebody else made, found again by its path. */
export interface FoundContainer {
  /** Processes in it now, in no order; none where it keeps no list. */
  pids(): readonly number[];
  /** Ends everybody in it at once, those who are just being forked too; false where it cannot. */
  killAll(): boolean;
  /** Gives back what it takes up in the system; for when nobody is left in it. */
  dispose(): void;
}

/** What the kernel counts for a container as a whole; each may be missing. */
export interface ContainerUsage {
  /** With the pages of files that it has read and written, which the kernel gives back when it needs them. */
  readonly memoryBytes?: number;
  /** Percent of the last ten seconds in which somebody inside had to wait for it (PSI). */
  readonly pressure?: { readonly cpu?: number; readonly memory?: number; readonly io?: number };
}

/** What a spawn answers with. */
export interface Spawned {
  /** Undefined where nothing was started. */
  readonly pid?: number | undefined;
}

export interface Container extends FoundContainer {
  readonly containment: Containment;
  /** Where it is found again after a crash of everything; null where nothing outlives its warden. */
  readonly path: string | null;
  /** The leader is a program of the container's own, which a stop's gentle signals are not meant for. */
  readonly leaderIsKeeper: boolean;
  /** The program and arguments that run `argv` inside; `lingering` until the last of them has ended, not only the first. */
  wrap(argv: readonly [string, ...string[]], lingering: boolean): readonly [string, ...string[]];
  /** Runs `spawn` so that the process it starts, and all that descends from it, are inside. Synchronous. */
  enter<T extends Spawned>(spawn: () => T): T;
  /** Takes in a process that could not be born inside, because its pid was not known before; nothing where all are born inside. */
  admit(pid: number): void;
  /** Has the kernel hold these, as far as it can here; answers with those that it now holds. */
  limit(limits: KernelLimits): readonly (keyof KernelLimits)[];
  limitEvents(): LimitEvents;
  /** CPU time of everybody who has ever been inside, in milliseconds; undefined where it does not count. */
  cpuMillis(): number | undefined;
  usage(): ContainerUsage;
}

/** The containers of one warden. */
export interface Containers {
  /** Folders of the system that it may make containers in; for the record, so that they can be removed after a crash. */
  readonly homes: readonly string[];
  /** Every containment there is, with whether this machine has it. May try some of them out: tens of milliseconds. */
  offers(): readonly ContainmentOffer[];
  /**
   * Makes one for a tree; `auto` takes the strongest that needs no rights and changes nothing for the processes inside.
   * @throws ContainmentError where this machine does not have it.
   */
  contain(wanted: Containment | 'auto', tree: string): Container;
}

/** What remains where a container is nothing but a name: everything is done by marks, groups and signals. */
export const uncontained: Container = {
  containment: 'group',
  path: null,
  leaderIsKeeper: false,
  wrap: (argv) => argv,
  enter: (spawn) => spawn(),
  admit: () => undefined,
  pids: () => [],
  killAll: () => false,
  limit: () => [],
  limitEvents: () => ({ memoryKills: 0, refusedForks: 0 }),
  cpuMillis: () => undefined,
  usage: () => ({}),
  dispose: () => undefined,
};

/** What else there is to say of a container that can be found again by its path. */
export function containerOf(found: FoundContainer, containment: Containment, path: string | null): Container {
  return {
    ...uncontained,
    containment,
    path,
    pids: () => found.pids(),
    killAll: () => found.killAll(),
    dispose: () => found.dispose(),
  };
}

/** Where there is no container but the name. */
export function groupOnly(offers: readonly ContainmentOffer[]): Containers {
  return {
    homes: [],
    offers: () => offers,
    contain: (wanted) => {
      if (wanted === 'auto' || wanted === 'group') return uncontained;
      throw new ContainmentError(`The containment "${wanted}" is not to be had here: it is of another system. Use "auto".`);
    },
  };
}
