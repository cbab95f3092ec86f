/** Milliseconds of CPU time that work takes: on a busy machine, the time by the clock is that of the others, too. */
export function cpuMillisOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
