/** Containers hold the processes of one tree together, in addition to the marks that each process carries. */

export type Containment = 'group' | 'cgroup' | 'namespace' | 'job';

/** Whether this machine has a containment, for people: `tree-warden doctor` prints it as it is. */
export interface ContainmentOffer {
  readonly containment: Containment;
  readonly available: boolean;
  /** What it provides on this machine, or why it is not available, as a clause. */
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

/** How often the kernel has enforced a limit. */
export interface LimitEvents {
  /** Processes that were killed because the tree had used up its memory. */
  readonly memoryKills: number;
  /** Forks that failed because the tree had its number of processes. */
  readonly refusedForks: number;
}

/** A container that another process made, found again by its path. */
export interface FoundContainer {
  /** Processes in it now, in no order; none where it keeps no list. */
  pids(): readonly number[];
  /** Ends all in it at once, those that are just being forked too; false where it cannot, or where one is inside that must not be killed. */
  killAll(mayKill: (pid: number) => boolean): boolean;
  /** Releases the container's resources in the system, once it is empty. */
  dispose(): void;
}

/** What the kernel counts for a container as a whole; each may be missing. */
export interface ContainerUsage {
  /** With the pages of files that it has read and written, which the kernel gives back when it needs them. */
  readonly memoryBytes?: number;
  /** Percentage of the last ten seconds in which a process inside waited for the resource (PSI). */
  readonly pressure?: { readonly cpu?: number; readonly memory?: number; readonly io?: number };
}

/** The result of a spawn. */
export interface Spawned {
  /** Undefined where nothing was started. */
  readonly pid?: number | undefined;
}

export interface Container extends FoundContainer {
  readonly containment: Containment;
  /** Where it is found again after a crash of everything; null where nothing outlives its warden. */
  readonly path: string | null;
  /** The leader is an init process of the container's own: the gentle signals of a stop are not sent to it. */
  readonly hasInitProcess: boolean;
  /** The program and arguments that run `argv` inside. `waitsForAll`: they end with the last process inside, not with the first. */
  wrap(argv: readonly [string, ...string[]], waitsForAll: boolean): readonly [string, ...string[]];
  /** Runs `spawn` so that the process it starts, and all that descends from it, are inside. Synchronous. */
  enter<T extends Spawned>(spawn: () => T): T;
  /** Takes in a process that could not be born inside, because its pid was not known before; nothing where all are born inside. */
  admit(pid: number): void;
  /** Takes in a process that runs already; what it starts from then on is inside. False where the system does not allow that. */
  takeIn(pid: number): boolean;
  /** Puts everything that was taken in back to where it was; false where the system does not allow that. */
  putBack(): boolean;
  /** Has the kernel hold these, as far as it can here; answers with those that it now holds. */
  limit(limits: KernelLimits): readonly (keyof KernelLimits)[];
  limitEvents(): LimitEvents;
  /** CPU time of all processes that have ever been inside, in milliseconds; undefined where the container does not count it. */
  cpuMillis(): number | undefined;
  usage(): ContainerUsage;
}

/** The containers of one warden. */
export interface Containers {
  /** Folders in which this warden may make cgroups; recorded, so that they can be removed after a crash. */
  readonly cgroupRoots: readonly string[];
  /** Every containment, with whether it is available on this machine. Trying some of them out may take tens of milliseconds. */
  offers(): readonly ContainmentOffer[];
  /**
   * Makes one for a tree; `auto` takes the strongest that needs no rights and changes nothing for the processes inside.
   * @throws ContainmentError where this machine does not have it.
   */
  contain(requested: Containment | 'auto', tree: string): Container;
  /**
   * Makes one for a tree within that of another, whose limits count for it as well; what ends that one ends this one.
   * @throws ContainmentError where this machine, or that container, does not allow it.
   */
  join(host: JoinedContainer, tree: string): Promise<Container>;
}

/** The container of a tree that another one joins. */
export interface JoinedContainer {
  readonly container: Container;
  /** Its first process. */
  readonly leader: number;
  /** Working directory of what joins it. */
  readonly cwd: string;
}

/** What remains where a container is nothing but a name: everything is done by marks, groups and signals. */
export const uncontained: Container = {
  containment: 'group',
  path: null,
  hasInitProcess: false,
  wrap: (argv) => argv,
  enter: (spawn) => spawn(),
  admit: () => undefined,
  takeIn: () => false,
  putBack: () => true,
  pids: () => [],
  killAll: () => false,
  limit: () => [],
  limitEvents: () => ({ memoryKills: 0, refusedForks: 0 }),
  cpuMillis: () => undefined,
  usage: () => ({}),
  dispose: () => undefined,
};

/** The container of a tree whose warden is dead, found again by its path. */
export function containerOf(found: FoundContainer, containment: Containment, path: string | null): Container {
  return {
    ...uncontained,
    containment,
    path,
    pids: () => found.pids(),
    killAll: (mayKill) => found.killAll(mayKill),
    dispose: () => found.dispose(),
  };
}

/** The containers of a platform that has none but process groups. */
export function groupOnly(offers: readonly ContainmentOffer[]): Containers {
  return {
    cgroupRoots: [],
    offers: () => offers,
    contain: (requested) => {
      if (requested === 'auto' || requested === 'group') return uncontained;
      throw new ContainmentError(`The containment "${requested}" is not available on this operating system. Use "auto".`);
    },
    join: () => Promise.resolve(uncontained),
  };
}
