/** What tells where a process comes from, and whether it still belongs to a session. Each is asked for one process, because most are of no interest. */
export interface Origins {
  /** Whether this user may look at it; false for another user's, and for one that has ended. Cheaper than the question who may signal it. */
  isVisible(pid: number): boolean;

  /** Its working directory, also where that has been removed since; undefined where it cannot be seen. */
  cwdOf(pid: number): string | undefined;

  /** These variables of the environment that it was started with; those that it does not have are left out. */
  environmentOf(pid: number, names: readonly string[]): ReadonlyMap<string, string>;

  /** Whether paths and pids mean to it what they mean to this process; false where that cannot be seen. */
  sharesNames(pid: number): boolean;

  /** Its control group as a path; undefined where it cannot be seen, empty where the kernel has none. */
  cgroupOf(pid: number): string | undefined;

  /** Time since a start of the platform's own unit, in milliseconds. */
  ageMillis(startTime: number): number;

  /** The TCP ports that any process listens on, in the network of this process. */
  listeningPorts(): ReadonlySet<number>;
}
