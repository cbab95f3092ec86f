import type { ProcessIdentity } from '../platform/platform.ts';
import type { ListeningPort } from '../protocol/listeningPorts.ts';

/** What is known of one process. Plain data; what is costly to read may be read at the first access. */
export interface ProcessRow extends ProcessIdentity {
  readonly parent: number;
  /** Pid of the first process of its session, which may have ended; 0 where that is in another namespace. */
  readonly session: number;
  /** False for a zombie. */
  readonly alive: boolean;
  readonly name: string;
  /** Whether it has a controlling terminal: one that is closed is none any more. */
  readonly hasTerminal: boolean;
  /** Whether it belongs to this user. */
  readonly isOwned: boolean;
  readonly argv: readonly string[];
  /** Undefined where it cannot be seen. */
  readonly cwd: string | undefined;
  /** The file of its program, also where that has been removed since; undefined where it cannot be seen. */
  readonly executable: string | undefined;
  /** Those of {@link environmentMarks} that it has. */
  readonly environment: ReadonlyMap<string, string>;
  /** Whether the paths and pids that it names are those of this process: in a container, for instance, they are not. */
  readonly sharesNames: boolean;
  /** Path of its control group; undefined where it cannot be seen. */
  readonly cgroup: string | undefined;
  /** Whether its environment has the mark of a tree that Tree Warden has started, also of one that has ended; true where that cannot be seen. */
  readonly isMarked: boolean;
  /** The mark of a tree, or the one that a terminal is born with, as a limit: it stays when Tree Warden has no such tree any more. */
  readonly limitMark: number | undefined;
  /** Empty until they have been asked for. */
  readonly ports: readonly ListeningPort[];
}

export function identityKey({ pid, startTime }: ProcessIdentity): string {
  return `${pid}:${startTime}`;
}

/** What the process table is judged by. */
export interface Surroundings {
  /** The process that looks. It, and all that it runs under, are never found. */
  readonly self: number;
  /** Absolute paths, without a slash at their end. */
  readonly folders: readonly string[];
  /** Ports that are wanted, whatever holds them. */
  readonly wantedPorts: ReadonlySet<number>;
  /** Processes on record of a warden, alive or dead, by {@link identityKey}: what a dead one has left is ended by a sweep. */
  readonly recorded: ReadonlySet<string>;
  /** The limits by which the trees are known that wardens have on record. */
  readonly recordedMarks: ReadonlySet<number>;
  /** The control group of the process that looks. */
  readonly cgroup: string;
  /** Whether a process accepts connections on these sockets; one that is not in the map may do so. */
  readonly sockets: Pick<ReadonlyMap<string, boolean>, 'get'>;
}
