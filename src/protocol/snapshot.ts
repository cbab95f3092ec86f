/** What clients see of a tree: its state and its members. */
import type { External } from './external.ts';
import type { Lifetime, TreeId } from './identity.ts';
import type { Isolation } from './isolation.ts';
import type { ListeningPort } from './listeningPorts.ts';
import type { Health } from './policies.ts';
import type { RunKey } from './runKey.ts';
import type { RemoteStatus } from './runner.ts';
import type { SignalName } from './signalNames.ts';
import type { Containment, Limits, StdioMode } from './startRequest.ts';
import type { TextData } from './texts.ts';

/**
 * `starting → ready → stopping → succeeded | exited | failed | killed | unkillable`. `succeeded` and `failed`: it has ended by itself, and its exit
 * code is a success or not. `exited`: it was stopped, or it is not known how it has ended; also while members outlive their leader on purpose. `killed`
 * where it took a SIGKILL; `unkillable` where not even that has helped.
 */
export type TreeState = 'starting' | 'ready' | 'stopping' | 'succeeded' | 'exited' | 'failed' | 'killed' | 'unkillable';

export interface ExitStatus {
  readonly code: number | null;
  /** `SIGKILL`, `SIGRTMIN+1`. */
  readonly signal: SignalName | null;
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
  /** Under what its runs are kept; absent: they are not. */
  readonly history?: RunKey;
  readonly group?: string;
  readonly state: TreeState;
  /** Why it is in this state, as a clause for people: "stopped by the user", "exited with code 3". */
  readonly reason: string;
  /** {@link reason} as data, for a client that translates it; absent where it is what a client has said. */
  readonly reasonData?: TextData;
  /** Undefined before it was spawned and where it could not be. */
  readonly leader?: { readonly pid: number; readonly group: number };
  readonly exit?: ExitStatus;
  /** When its start was asked for, in milliseconds since 1970: it may have waited for what it depends on. Absent where it was started by itself. */
  readonly askedAt?: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** When it was ready for the first time, in milliseconds since 1970; absent before, and where another warden has started it. */
  readonly readyAt?: number;
  readonly endedAt?: number;
  /** Its end was asked for: by a user, a program, or a limit. */
  readonly stopped?: true;
  /** Another tree of the same name takes its place as soon as it has ended, or at {@link nextStartAt}. */
  readonly restarting?: true;
  /** The tree that has taken its place. */
  readonly successor?: TreeId;
  /** Milliseconds since 1970. */
  readonly nextStartAt?: number;
  /** How often it was restarted because it had ended by itself, within its policy's window. */
  readonly restarts?: number;
  /** It has failed for good: its policy allows no further restart. */
  readonly gaveUp?: true;
  readonly health: Health;
  /** Why it is unhealthy, as a clause. */
  readonly illness?: string;
  readonly illnessData?: TextData;
  /** The last that it printed, of one that has ended. */
  readonly lastLines?: readonly string[];
  /**
   * With `stdio: "raw"`: the socket, or named pipe, whose first client gets its stdin and stdout as they are, both ways at once. A half-close
   * ends its stdin; a client that is gone closes both. Absent once a client has connected. When the tree has ended, the socket is closed after ten
   * seconds without a client, or without a byte in either direction.
   */
  readonly rawSocket?: string;
  /** As it would be typed, with what looks like a secret masked. */
  readonly commandLine: string;
  readonly cwd: string;
  readonly stdio: StdioMode;
  readonly lifetime: Lifetime;
  /** Of a tree that Tree Warden did not start. */
  readonly external?: External;
  /** What was taken where `auto` was asked for. */
  readonly containment: Containment;
  readonly limits?: Limits;
  /** What it may reach; absent: all that its user may. */
  readonly isolate?: Isolation;
  /** Name of the tree that it has joined: it ends with that. */
  readonly join?: string;
  /** A limit that was reached, where that is only to be told. */
  readonly warning?: string;
  readonly warningData?: TextData;
  /** The limit that has ended it, or is ending it, as a clause. */
  readonly limit?: string;
  readonly limitData?: TextData;
  /**
   * It waits for an answer: the last line of its terminal, which it has left unfinished for three seconds, up to 200 characters. Absent where it does not, and where
   * that cannot be seen: on other systems than Linux, and of one that has no terminal.
   */
  readonly prompt?: string;
  /** Of a tree on a node, while it has not ended; {@link members} and figures are those of its processes there. */
  readonly remote?: RemoteStatus;
  readonly members: readonly MemberSnapshot[];
  /** Of all members, and of those that came and went within the last interval. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  /** The highest {@link memoryBytes} of any sample of this run; absent before the first one, and once it has ended. */
  readonly peakMemoryBytes?: number;
  /** CPU time of all processes that were ever seen in the tree, in milliseconds; absent where the peak is. */
  readonly cpuMillis?: number;
  /** Bytes a second, from and to storage. */
  readonly readRate: number;
  readonly writeRate: number;
  readonly zombies: number;
  /** Of all members and all GPUs together; absent where they use none. */
  readonly gpu?: GpuUsage;
}
