/** What clients see of a tree: its state and its members. */
import type { Lifetime, TreeId } from './identity.ts';
import type { ListeningPort } from './listeningPorts.ts';
import type { Health } from './policies.ts';
import type { Containment, Limits, StdioMode } from './startRequest.ts';

/**
 * `starting → ready → stopping → exited | failed | killed | unkillable`. `exited` also while members outlive their leader on
 * purpose; `killed` where it took a SIGKILL; `unkillable` where not even that has helped.
 */
export type TreeState = 'starting' | 'ready' | 'stopping' | 'exited' | 'failed' | 'killed' | 'unkillable';

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
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
  /** The tree that has taken its place. */
  readonly successor?: TreeId;
  /** Milliseconds since 1970. */
  readonly nextStartAt?: number;
  /** How often it was restarted because it had ended by itself, within its policy's window. */
  readonly restarts?: number;
  readonly health: Health;
  /** Why it is unhealthy, as a clause. */
  readonly illness?: string;
  /** The last that it printed, of one that has failed. */
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
  /** What was taken where `auto` was asked for. */
  readonly containment: Containment;
  readonly limits?: Limits;
  /** A limit that was reached, where that is only to be told. */
  readonly warning?: string;
  /** The limit that has ended it, or is ending it, as a clause. */
  readonly limit?: string;
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
