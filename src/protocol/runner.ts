/** Where a process runs that does not run on this machine, and how it is getting on there. */

interface AnyRunner {
  /** Time without a sign of life from here after which everything on the node is ended, in milliseconds. */
  readonly leaseMillis: number;
  /** Options that are handed on to the program as they are. */
  readonly extra?: readonly string[];
  /** Folder on the node that takes the place of the workspace folder, absolute; absent: the same path. */
  readonly folder?: string;
  /** The workspace folder, absolute. */
  readonly workspace: string;
}

/** A job of Slurm, on one node. */
export interface SlurmRunner extends AnyRunner {
  readonly type: 'slurm';
  readonly partition?: string;
  readonly node?: string;
  /** A number, or a type and a number: `a100:2`. */
  readonly gpus?: string;
  readonly cpus?: number;
  readonly memoryBytes?: number;
  readonly timeMillis?: number;
  readonly qos?: string;
  readonly account?: string;
}

/** A machine that OpenSSH reaches without a question. */
export interface SshRunner extends AnyRunner {
  readonly type: 'ssh';
  /** As ssh(1) takes it: a name, `user@name`, or a `Host` of its configuration. */
  readonly host: string;
}

export type Runner = SlurmRunner | SshRunner;

/**
 * `submitting` → `queued` → `connecting` → `running` → `ending`; `lost`: the node has not answered, and what runs there ends with its lease unless the
 * connection comes back before; `paused`: its scheduler has stopped what runs there, and lets it go on later; `failed`: it could not be started there, or is not
 * reached any more.
 */
export type RemotePhase = 'submitting' | 'queued' | 'connecting' | 'running' | 'lost' | 'paused' | 'ending' | 'failed';

/** How a tree that runs elsewhere is getting on. */
export interface RemoteStatus {
  /** See {@link RemoteStart}. */
  readonly lease: string;
  readonly runner: Runner['type'];
  readonly phase: RemotePhase;
  /** Name of the node; absent before there is one. */
  readonly node?: string;
  /** The scheduler's id of the job. */
  readonly job?: string;
  /** Why it waits or is lost, or, where it runs, why it was given no more time, as the scheduler or the program says it. */
  readonly reason?: string;
  /** Jobs before it in the queue. */
  readonly ahead?: number;
  /** When the time limit of the job ends, in milliseconds since 1970. */
  readonly endsAt?: number;
  /** When its stop begins because of that, in milliseconds since 1970; absent while more time may be given, or there is plenty. */
  readonly stopsAt?: number;
}
