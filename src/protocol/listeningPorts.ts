/** Where something can be reached. */
export interface ListeningPort {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** `127.0.0.1`, `0.0.0.0`, `::`. */
  readonly address: string;
}

/** A process that listens on a port that was asked for, guarded or not. */
export interface PortHolder {
  readonly pid: number;
  /** As {@link ProcessIdentity} of the platform has it: with the pid, it is this very process. */
  readonly startTime: number;
  readonly name: string;
  readonly commandLine: string;
  readonly ports: readonly ListeningPort[];
  /** It is the first process of the system, or one that the question was asked under: it is never ended. */
  readonly protected?: true;
}
