/** What is asked for where a tree is started. */
import type { Isolation } from './isolation.ts';
import type { LogRotation } from './logRotation.ts';
import type { Probe, ReadyProbe, RestartPolicy } from './policies.ts';
import type { RunKey, RunTrigger } from './runKey.ts';
import type { Runner } from './runner.ts';

/** A command that belongs to the life of a process: it runs in its working directory and environment, as a member of its tree. */
export interface HookCommand {
  readonly run: readonly [string, ...string[]];
  /** After which it is killed, with what it has started, in milliseconds. */
  readonly timeoutMillis: number;
  /** Its command line is not printed: it is none of the user's. */
  readonly quiet?: true;
}

/** One step of a stop. A command is run whichever way the tree ends, also where no process is left by its turn. */
export type StopStep = { readonly signal: NodeJS.Signals } | { readonly waitMillis: number } | HookCommand;

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
  /** Under what its runs are kept; absent: they are not. */
  readonly history?: RunKey;
  /** What has begun the run, where it was neither a user nor another process; for its history. */
  readonly trigger?: RunTrigger;
  /** Of a job: how many of the last words of `argv` are its arguments; for its history. */
  readonly jobArgs?: number;
  /** Where its warden is one of detached trees: it ends with the warden all the same, and no other one takes it over. */
  readonly endsWithWarden?: true;
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
  /** Run before the first process, one after the other; where one fails, the start fails. */
  readonly beforeStart?: readonly HookCommand[];
  /** Run when it is ready for the first time, one after the other. */
  readonly afterReady?: readonly HookCommand[];
  /** Variables of `env` with secrets in them, which must not get into a file. */
  readonly secretEnv?: readonly string[];
  readonly whenLeaderExits: LeftoverPolicy;
  /** Exit codes that are no failure, of the first process; a signal always is one. Default: 0 alone. */
  readonly successExitCodes?: readonly number[];
  readonly containment: Containment | 'auto';
  /** Without it, a process may do all that its user may. */
  readonly isolate?: Isolation;
  /** Name of a running tree of the same warden, in whose containment it is started: it ends with that tree. */
  readonly join?: string;
  /** Without it, it runs on this machine. */
  readonly runner?: Runner;
  /** Made by the warden: the request is that of the connector of a tree on a node, and this is what is started there. */
  readonly remote?: RemoteStart;
  readonly limits?: Limits;
  /** By default: kill for memory and processes, stop for time, warn for the processor. */
  readonly onLimit?: LimitAction;
  readonly priority?: Priority;
  /** Without it, it is ready as soon as it was spawned. */
  readonly ready?: ReadyProbe;
  readonly alive?: Probe;
  /** Without it, what has ended stays so. */
  readonly restart?: RestartPolicy;
  /** Of its log. Default: 10 MiB, three of them set aside. */
  readonly log?: LogRotation;
  /**
   * Hold the process up, as a full pipe does, until the first reader of its output has come: so that nothing is lost before. `always`: also between one reader
   * and the next.
   */
  readonly awaitReader?: boolean | 'always';
}

/** What a connector starts on a node. */
export interface RemoteStart {
  /** Names the lease, and whatever belongs to it on the other side. */
  readonly lease: string;
  readonly request: StartRequest;
}
