/** What is asked for where a tree is started. */
import type { Probe, ReadyProbe, RestartPolicy } from './policies.ts';

/** One step of an escalation. */
export type StopStep = { readonly signal: NodeJS.Signals } | { readonly waitMillis: number };

/**
 * `inherit`: the descriptors that the owner of the warden handed to it, for a foreground command; `file`: straight to the
 * log, for a tree that is to survive its warden; `raw`: stdin and stdout are one client's, who connects to {@link TreeSnapshot.rawSocket}, and
 * only stderr is output and in the log.
 */
export type StdioMode = 'pty' | 'pipes' | 'inherit' | 'file' | 'raw';

/** What becomes of members that outlive their leader. */
export type LeftoverPolicy = 'kill' | 'keep';

/** By which means members are known and killed; `auto` takes the strongest that changes nothing for the processes inside. */
export type Containment = 'group' | 'cgroup' | 'namespace' | 'job';

/** What a tree as a whole may take up; held by the kernel where it can be, else by looking four times a second. */
export interface Limits {
  /** Resident memory of all members together, in bytes. */
  readonly memoryBytes?: number;
  readonly processes?: number;
  /** Cores' worth of CPU time. */
  readonly cpuCores?: number;
  /** From its start, in milliseconds. */
  readonly timeMillis?: number;
  /** Of each member. */
  readonly openFiles?: number;
}

/** What happens when a limit is reached. */
export type LimitAction = 'warn' | 'stop' | 'kill' | 'restart';

export interface Priority {
  /** 0 is usual, 19 the most yielding. */
  readonly nice?: number;
  readonly io?: 'idle' | 'low' | 'high';
  /** A list of processors, such as `0-3,8`. */
  readonly cpus?: string;
}

export interface Dimensions {
  readonly columns: number;
  readonly rows: number;
}

/** A process spec with every variable filled in and every default applied. */
export interface StartRequest {
  readonly name: string;
  /** The spec of which it is one of several instances. */
  readonly pool?: string;
  /** Digest of the declaration that it was made of, where the warden has made it of one. */
  readonly declaration?: string;
  readonly group?: string;
  /** Program and arguments; a shell command has its shell in front. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** Added to the warden's own environment; null removes a variable. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly stdio: StdioMode;
  readonly dimensions?: Dimensions;
  /** With `stdio: "pty"`: which of stdin, stdout and stderr are the terminal; the others are as with `inherit`. Default: all. */
  readonly onTerminal?: readonly [boolean, boolean, boolean];
  /** Numbers of further descriptors that the owner handed to the warden behind those three, in this order; the process has them under these. */
  readonly descriptors?: readonly number[];
  readonly stop: readonly StopStep[];
  readonly whenLeaderExits: LeftoverPolicy;
  readonly containment: Containment | 'auto';
  readonly limits?: Limits;
  /** By default: kill for memory and processes, stop for time, warn for the processor. */
  readonly onLimit?: LimitAction;
  readonly priority?: Priority;
  /** Without it, it is ready as soon as it was spawned. */
  readonly ready?: ReadyProbe;
  readonly alive?: Probe;
  /** Without it, what has ended stays so. */
  readonly restart?: RestartPolicy;
  /** Hold the process up, as a full pipe does, until the first reader of its output has come: so that nothing is lost before. */
  readonly awaitReader?: boolean;
}
