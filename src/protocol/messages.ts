/**
 * What the sides say to one another: JSON-RPC over the warden's stdio (its owner) and over its socket (everybody else
 * of this user). Typed once, here.
 */
import { NotificationType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { Health, Probe, ReadyProbe, RestartPolicy } from './policies.ts';

/** Raised whenever an older side would misunderstand a newer one; sides of different versions refuse one another. */
export const protocolVersion = 2;

export type TreeId = string & { readonly unit: 'TreeId' };
export type WardenId = string & { readonly unit: 'WardenId' };

/**
 * `starting → ready → stopping → exited | failed | killed | unkillable`. `exited` also while members outlive their leader on
 * purpose; `killed` where it took a SIGKILL; `unkillable` where not even that has helped.
 */
export type TreeState = 'starting' | 'ready' | 'stopping' | 'exited' | 'failed' | 'killed' | 'unkillable';

/** One step of an escalation. */
export type StopStep = { readonly signal: NodeJS.Signals } | { readonly waitMillis: number };

/**
 * `inherit`: the descriptors that the owner of the warden handed to it, for a foreground command; `file`: straight to the
 * log, for a tree that is to survive its warden.
 */
export type StdioMode = 'pty' | 'pipes' | 'inherit' | 'file';

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

/** `managed`: it ends with its window; `detached`: it is meant to survive it. */
export type Lifetime = 'managed' | 'detached';

export interface Dimensions {
  readonly columns: number;
  readonly rows: number;
}

/** A process spec with every variable filled in and every default applied. */
export interface StartRequest {
  readonly name: string;
  /** The spec of which it is one of several instances. */
  readonly pool?: string;
  readonly group?: string;
  /** Program and arguments; a shell command has its shell in front. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** Added to the warden's own environment; null removes a variable. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly stdio: StdioMode;
  readonly dimensions?: Dimensions;
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

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Where something can be reached. */
export interface ListeningPort {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** `127.0.0.1`, `0.0.0.0`, `::`. */
  readonly address: string;
}

/** Somebody who listens on a port that was asked for, guarded or not. */
export interface PortHolder {
  readonly pid: number;
  /** As {@link ProcessIdentity} of the platform has it: with the pid, it is this very process. */
  readonly startTime: number;
  readonly name: string;
  readonly commandLine: string;
  readonly ports: readonly ListeningPort[];
}

export interface GpuUsage {
  readonly memoryBytes: number;
  /** Percent of one GPU. */
  readonly percent: number;
}

export interface MemberSnapshot {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly threads: number;
  /** Percent of one core over the last interval. */
  readonly cpuPercent: number;
  /** Resident; pages shared with other processes count in each of them. */
  readonly memoryBytes: number;
  readonly zombie: boolean;
  /** It left the group and the session of its tree. */
  readonly stray: boolean;
  /** Absent where it listens on nothing. */
  readonly ports?: readonly ListeningPort[];
  /** Of all GPUs together; absent where it uses none. */
  readonly gpu?: GpuUsage;
}

export interface TreeSnapshot {
  readonly id: TreeId;
  readonly name: string;
  /** See {@link StartRequest}. */
  readonly pool?: string;
  readonly group?: string;
  readonly state: TreeState;
  /** Why it is in this state, as a clause for people: "stopped by the user", "exited with code 3". */
  readonly reason: string;
  /** Undefined before it was spawned and where it could not be. */
  readonly leader?: { readonly pid: number; readonly group: number };
  readonly exit?: ExitStatus;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Another tree of the same name takes its place as soon as it has ended, or at {@link nextStartAt}. */
  readonly restarting?: true;
  /** Milliseconds since 1970. */
  readonly nextStartAt?: number;
  /** How often it was started again because it had ended by itself, within its policy's window. */
  readonly restarts?: number;
  readonly health: Health;
  /** Why it is unhealthy, as a clause. */
  readonly illness?: string;
  /** The last that it printed, of one that has failed. */
  readonly lastLines?: readonly string[];
  /** As it would be typed, with what looks like a secret masked. */
  readonly commandLine: string;
  readonly cwd: string;
  readonly stdio: StdioMode;
  readonly lifetime: Lifetime;
  /** What was taken where `auto` was asked for. */
  readonly containment: Containment;
  readonly limits?: Limits;
  /** A limit that was reached, where that is only to be told. */
  readonly warning?: string;
  readonly members: readonly MemberSnapshot[];
  /** Of all members, and of those that came and went within the last interval. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  /** Bytes a second, from and to storage. */
  readonly readRate: number;
  readonly writeRate: number;
  readonly zombies: number;
  /** Of all members and all GPUs together; absent where they use none. */
  readonly gpu?: GpuUsage;
}

/** What is too dear to be read at every sample; what is absent is not known here. */
export interface Details {
  /** Memory with each shared page divided among those who share it (PSS), in bytes. */
  readonly sharedOutBytes?: number;
  readonly openFiles?: number;
  /** TCP connections that are established. */
  readonly connections?: number;
  /** What its container counts as a whole, for the tree as a whole. */
  readonly container?: {
    readonly memoryBytes?: number;
    /** Percent of the last ten seconds in which somebody inside had to wait for it. */
    readonly pressure?: { readonly cpu?: number; readonly memory?: number; readonly io?: number };
  };
}

export interface HistoryPoint {
  /** Milliseconds since 1970; the same for all trees of one sample. */
  readonly at: number;
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly readRate: number;
  readonly writeRate: number;
  readonly processes: number;
  readonly gpuMemoryBytes: number;
  readonly gpuPercent: number;
}

/** Columns of points, oldest first. */
export type HistorySeries = { readonly [key in keyof HistoryPoint]: readonly number[] };

export interface History {
  /** Ten minutes at best, at the pace at which somebody has looked. */
  readonly recent: HistorySeries;
  /** Means over twenty seconds, for four hours at best. */
  readonly long: HistorySeries;
}

export interface Hello {
  readonly protocol: number;
  readonly version: string;
  /** Who asks, for the journal: `extension`, `tree-warden run`. */
  readonly client: string;
}

export interface Welcome {
  readonly protocol: number;
  readonly version: string;
  readonly warden: WardenId;
  readonly pid: number;
  /** What this machine cannot give, each as a sentence. */
  readonly shortcomings: readonly string[];
  readonly journalFile: string;
  readonly workspace: string;
  /** Of its trees. */
  readonly lifetime: Lifetime;
  /** Its records and its socket. */
  readonly folder: string;
}

/** What the warden knows of itself, for "show what the warden knows". */
export interface Inspection extends Welcome {
  readonly startedAt: number;
  readonly platform: string;
  readonly adoptsOrphans: boolean;
  readonly switchPid: number | null;
  /** Strays among them, as if they were one. */
  readonly trees: readonly TreeSnapshot[];
  readonly memoryBytes: number;
}

/** Whether this machine has a containment, and why. */
export interface ContainmentOffer {
  readonly containment: Containment;
  readonly available: boolean;
  readonly why: string;
  readonly advice?: string;
}

/** What the machine offers, for `tree-warden doctor`. */
export interface Diagnosis {
  readonly platform: string;
  readonly offers: readonly ContainmentOffer[];
  readonly shortcomings: readonly string[];
}

export interface StopRequest {
  readonly tree: TreeId;
  /** Skip the escalation. */
  readonly now: boolean;
  readonly reason: string;
  /** Instead of the spec's own steps. */
  readonly steps?: readonly StopStep[];
}

export interface SignalRequest {
  readonly tree: TreeId;
  readonly signal: NodeJS.Signals;
  /** One member only; the whole tree where absent. */
  readonly pid?: number;
}

export interface OutputRequest {
  readonly tree: TreeId;
  /** The first byte wanted, counted from the tree's start; what is no longer kept is left out. */
  readonly from: number;
  /**
   * What happens when the reader is slower than the process: `wait` holds the process up, as a pipe does, so nothing is
   * lost; `skip` leaves out what the ring buffer no longer holds.
   */
  readonly whenBehind: 'wait' | 'skip';
  /** Send what there is and end, instead of following. */
  readonly follow: boolean;
}

export interface OutputChunk {
  readonly subscription: number;
  /** Position behind this chunk, counted from the tree's start; acknowledge up to here. */
  readonly end: number;
  /** Bytes that were left out before this chunk. */
  readonly skipped: number;
  readonly base64: string;
}

/** Codes of the errors that a request can end with, beside JSON-RPC's own. */
export const errorCodes = { startFailed: 1, noSuchTree: 2, nameTaken: 3, versionMismatch: 4, notPossible: 5 } as const;

export const hello = new RequestType<Hello, Welcome, void>('hello');
export const start = new RequestType<StartRequest, TreeSnapshot, void>('start');
/** Answers when nobody of the tree is left. */
export const stop = new RequestType<StopRequest, TreeSnapshot, void>('stop');
/** Stops it, starts the same request again, answers with the new tree. */
export const restart = new RequestType<StopRequest, TreeSnapshot, void>('restart');
export const signal = new RequestType<SignalRequest, void, void>('signal');
export const list = new RequestType0<readonly TreeSnapshot[], void>('list');
export const history = new RequestType<{ readonly tree: TreeId }, History, void>('history');
/** Of one member, or of the tree as a whole. */
export const details = new RequestType<{ readonly tree: TreeId; readonly pid?: number }, Details, void>('details');
export const inspect = new RequestType0<Inspection, void>('inspect');
/** Compares registry, records and kernel; answers with a sentence for each thing that is wrong. */
export const selfCheck = new RequestType0<readonly string[], void>('selfCheck');
/** Stops every tree, answers when nobody is left; the warden then ends. */
export const shutdown = new RequestType<{ readonly now: boolean; readonly reason: string }, void, void>('shutdown');
/** Sends {@link trees} at this interval in milliseconds, and at every transition; 0: at transitions only. */
export const watch = new RequestType<{ readonly intervalMillis: number }, readonly TreeSnapshot[], void>('watch');
export const trees = new NotificationType<readonly TreeSnapshot[]>('trees');

export const subscribeOutput = new RequestType<OutputRequest, number, void>('output/subscribe');
export const output = new NotificationType<OutputChunk>('output');
/** Nothing more will come for this subscription. */
export const outputEnd = new NotificationType<{ readonly subscription: number }>('output/end');
export const acknowledgeOutput = new NotificationType<{ readonly subscription: number; readonly end: number }>('output/ack');
export const unsubscribeOutput = new NotificationType<{ readonly subscription: number }>('output/unsubscribe');
export const input = new NotificationType<{ readonly tree: TreeId; readonly base64: string }>('input');
export const resize = new NotificationType<Dimensions & { readonly tree: TreeId }>('resize');

/** Something a person should be told at once; also in the journal. */
export const alert = new NotificationType<{ readonly message: string }>('alert');
/** The owner's goodbye, without waiting: the warden stops everything on its own, or keeps it for `keepMillis` for a {@link claim}. */
export const leave = new NotificationType<{ readonly keepMillis: number }>('leave');
/** Takes the place of an owner who has left; from then on, the trees live for this connection. */
export const claim = new RequestType0<void, void>('claim');
