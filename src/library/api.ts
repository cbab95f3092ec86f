/**
 * Tree Warden for Node programs: starts commands whose whole process trees end with their stop, and with this program, however that ends.
 * The declarations of the package are made of this file alone.
 */
import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** A line for the shell (`/bin/sh -c`, on Windows `cmd.exe`), or a program and its arguments, which are passed on as they are. */
export type Command = string | readonly [string, ...string[]];

/** In a template: a word, or a part of one; a list has a word for each of its values. */
export type TemplateValue = string | number | readonly (string | number)[];

/** A text such as `"500ms"`, `"5s"` or `"10m"`, or a number of milliseconds. */
export type Duration = string | number;

/** Exactly one of `http`, `tcp`, `log` and `exec`. */
export interface Probe {
  /** URL to request. A status from 200 to 399 is a success. */
  readonly http?: string;
  /** Port on this machine, or `"host:port"`. An accepted connection is a success. */
  readonly tcp?: number | string;
  /** Regular expression for a line that the process prints to stderr: stdout belongs to this program. */
  readonly log?: string;
  /** Command whose exit status 0 is a success. */
  readonly exec?: Command;
  /** Before the first check. Default: none. */
  readonly delay?: Duration;
  /** Between two checks. Default: at most half a second until the process is ready, then 10 s. */
  readonly period?: Duration;
  /** Of one check. Default: 1 s, for commands 5 s. */
  readonly timeout?: Duration;
  /** Consecutive failures after which the process is unhealthy. Default: 3. */
  readonly failureThreshold?: number;
  /** Consecutive successes after which the process is healthy. Default: 1. */
  readonly successThreshold?: number;
}

export interface ReadyProbe extends Probe {
  /** Time after the start by which the process must be ready; otherwise it has failed, and is ended. Default: none. */
  readonly deadline?: Duration;
}

/** Of the whole tree; the kernel enforces them where it can. */
export interface Limits {
  /** Resident memory: `"512m"`, `"2g"`, or a number of bytes. */
  readonly memory?: string | number;
  readonly processes?: number;
  /** Cores: `1.5`, or `"150%"`. */
  readonly cpu?: string | number;
  readonly time?: Duration;
  /** Of each process. */
  readonly openFiles?: number;
}

/** `pipe`: a stream of the tree; `inherit`: copied to this program's own, also where that is a terminal; `ignore`: read and thrown away. */
export type OutputMode = 'pipe' | 'inherit' | 'ignore';

export interface SpawnOptions {
  /** Name in `tree-warden ps`. Default: that of the program. */
  readonly name?: string;
  /** Default: that of this program, from which a relative path leads as well. */
  readonly cwd?: string;
  /** Added to this program's environment. `null` and `undefined` remove a variable. */
  readonly env?: Readonly<Record<string, string | null | undefined>>;
  /** `ignore`: its end is there at once. Default: `pipe`. */
  readonly stdin?: 'pipe' | 'ignore';
  /** Default: `pipe`. A process waits when 64 KB and what this program has buffered are not read. */
  readonly stdout?: OutputMode;
  /** Default: `pipe`. The newest megabyte is kept for a reader that is behind; the process waits for it with `inherit` and in `run` only. */
  readonly stderr?: OutputMode;
  /** Signals and waits in turn, for the whole tree; SIGKILL comes last in any case. Default: `["SIGTERM", "5s"]`. */
  readonly stop?: string | readonly string[];
  /** What happens to processes that outlive the first one. `keep`: the tree lives until they have ended. Default: `kill`. */
  readonly whenLeaderExits?: 'kill' | 'keep';
  /** Exit codes of the first process that are a success. A signal never is. Default: `[0]`. */
  readonly successExitCodes?: readonly number[];
  /** How the processes are tracked. Default: `auto`, the strongest that changes nothing for them. */
  readonly containment?: 'auto' | 'group' | 'cgroup' | 'namespace' | 'job';
  /** Runs it isolated by bubblewrap (Linux), or not at all. `true`: it writes nowhere but to a /tmp of its own, and has no network. */
  readonly isolate?: true | Isolate;
  readonly limits?: Limits;
  /** Default: kill for memory and processes, stop for time, warn for CPU. */
  readonly onLimit?: 'warn' | 'stop' | 'kill';
  /** Without one, a tree is ready when it was started. */
  readonly ready?: ReadyProbe;
  /** Checked once it is ready; a tree that is not alive has failed, and is ended. */
  readonly alive?: Probe;
  /** Stops the tree when it is aborted. */
  readonly signal?: AbortSignal;
}

/** What an isolated process may reach. */
export interface Isolate {
  /** Default: false, with a loopback of its own. */
  readonly network?: boolean;
  /** Folders that it may write to, relative to `cwd`; they must exist. Default: none. */
  readonly write?: readonly string[];
  /** `private`: a /tmp of its own, in memory. Default: `private`. */
  readonly tmp?: 'private' | 'shared';
  /** Whether it can read ~/.ssh and other places of keys. Default: `hidden`. */
  readonly secrets?: 'hidden' | 'readable';
}

/**
 * `succeeded`, `exited`, `failed`, `killed` and `unkillable` are ends. One that ends by itself has `succeeded` or `failed`, by its exit code; one that was stopped
 * is `exited`; `killed` took a SIGKILL, `unkillable` is alive after one. A tree that lives on after its first
 * process (`whenLeaderExits: 'keep'`) is `exited` from then on; {@link Tree.exited} tells when nothing is left.
 */
export type State = 'starting' | 'ready' | 'stopping' | 'succeeded' | 'exited' | 'failed' | 'killed' | 'unkillable';

/** How a tree has ended. */
export interface Exit {
  readonly state: State;
  /** Of the first process; null where a signal ended it, or it was never known. */
  readonly code: number | null;
  /** The signal that ended it; realtime signals have the names that bash gives them. */
  readonly signal: NodeJS.Signals | 'SIGRTMIN' | `SIGRTMIN+${number}` | `SIG${number}` | null;
  /** For people, as a clause: `exited with code 3`, `memory limit of 512 MB reached`. */
  readonly reason: string;
}

export interface Member {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** Percent of one core. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  /** TCP and UDP ports that it listens on; a new one is known after two seconds at the latest. */
  readonly ports: readonly number[];
}

/** A command and everything that it has started. Iterating it gives the lines of its stdout, as often as wanted, each line once; disposing it stops it. */
export interface Tree extends AsyncIterable<string>, AsyncDisposable {
  readonly id: string;
  readonly name: string;
  /** As it would be typed, with what looks like a secret masked. */
  readonly commandLine: string;
  /** Of its first process. */
  readonly pid: number;
  /** Destroyed when the tree has ended. */
  readonly stdin: Writable;
  /** Where it is destroyed before its end, the process has a closed pipe, and stdin is closed with it. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly state: State;
  /** Resolves when its readiness probe has succeeded. Rejects with {@link NotReadyError} where it, or its first process, ends before. */
  readonly ready: Promise<void>;
  /** Resolves when no process of it is left. Never rejects. */
  readonly exited: Promise<Exit>;
  /** Called at every change of its state, until it has ended. Call what is returned to stop listening. */
  onState(listener: (state: State, reason: string) => void): () => void;
  /**
   * All living processes, with what they use now.
   * @throws GuardianError
   */
  members(): Promise<readonly Member[]>;
  /**
   * Sends a signal to every process of it.
   * @throws OptionError where this system has no such signal, TreeWardenError where the tree has ended, GuardianError.
   */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Runs the stop sequence. Resolves when no process is left. */
  stop(reason?: string): Promise<Exit>;
  /** As {@link stop}, without its waits. */
  kill(reason?: string): Promise<Exit>;
  /** For code that expects a child process of Node's, such as the `ServerOptions` of `vscode-languageclient`. Its `kill()` stops the tree. */
  asChildProcess(): ChildProcess;
}

export interface RunOptions extends SpawnOptions {
  /** Text or bytes for its stdin; without it, stdin has ended. */
  readonly input?: string | Uint8Array;
  /** Maximum size of stdout and stderr each, in bytes, beyond which the tree is stopped. Default: 100 MB. */
  readonly maxBuffer?: number;
}

export interface RunResult {
  /** Without its last line break. */
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: Exit;
}

/**
 * Starts a command. Resolves when its first process is there.
 * @throws StartError, OptionError, GuardianError; the signal's reason where it was aborted before.
 */
export interface Spawn {
  /** `` spawn`npm run ${script}` ``: words between spaces, without a shell; a value is never divided. */
  (words: TemplateStringsArray, ...values: readonly TemplateValue[]): Promise<Tree>;
  /** `` spawn({ cwd })`npm run ${script}` `` */
  (options: SpawnOptions): (words: TemplateStringsArray, ...values: readonly TemplateValue[]) => Promise<Tree>;
  (command: Command, options?: SpawnOptions): Promise<Tree>;
}

/**
 * Runs a command to its end.
 * @throws CommandError where its exit status is not 0; as {@link Spawn} does; the signal's reason where it is aborted.
 */
export interface Run {
  /** `` run`git log ${ref}` ``: words between spaces, without a shell; a value is never divided. */
  (words: TemplateStringsArray, ...values: readonly TemplateValue[]): Promise<RunResult>;
  /** `` run({ cwd })`git log ${ref}` `` */
  (options: RunOptions): (words: TemplateStringsArray, ...values: readonly TemplateValue[]) => Promise<RunResult>;
  (command: Command, options?: RunOptions): Promise<RunResult>;
}

/**
 * What the VS Code extension exports to others: `vscode.extensions.getExtension<ExtensionApi>('tree-warden.tree-warden')`, and there
 * `(await extension.activate()).forExtension(context)`.
 */
export interface ExtensionApi {
  /** It grows when something is added; what is there stays. */
  readonly version: 1;
  /** Trees of one extension: they are in the Processes view, and end when the extension is deactivated, its window closes, or its host is killed. */
  forExtension(context: { readonly subscriptions: { dispose(): unknown }[] }): { readonly spawn: Spawn; readonly run: Run };
}

/** Of everything that this package throws. */
export class TreeWardenError extends Error {
  override readonly name: string = 'TreeWardenError';
}

/** The command could not be started; no process of it is left. */
export class StartError extends TreeWardenError {
  override readonly name = 'StartError';
  /** Undefined where it is none of the usual reasons. */
  readonly reason: 'commandNotFound' | 'fileNotFound' | 'notExecutable' | 'folderUnusable' | undefined;

  constructor(message: string, reason?: StartError['reason']) {
    super(message);
    this.reason = reason;
  }
}

/** An option has a value that makes no sense; the message begins with its name. */
export class OptionError extends TreeWardenError {
  override readonly name = 'OptionError';
}

/** The background process that guards the trees could not be started, or has ended; nothing that it guarded is left. */
export class GuardianError extends TreeWardenError {
  override readonly name = 'GuardianError';
}

/** A tree has ended before it was ready. */
export class NotReadyError extends TreeWardenError {
  override readonly name = 'NotReadyError';
  readonly exit: Exit;

  constructor(message: string, exit: Exit) {
    super(message);
    this.exit = exit;
  }
}

/** A command has ended with another exit status than 0, or has printed too much. */
export class CommandError extends TreeWardenError implements RunResult {
  override readonly name = 'CommandError';
  /** As it would be typed, with what looks like a secret masked. */
  readonly commandLine: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: Exit;

  constructor(message: string, commandLine: string, { stdout, stderr, exit }: RunResult) {
    super(message);
    this.commandLine = commandLine;
    this.stdout = stdout;
    this.stderr = stderr;
    this.exit = exit;
  }
}
