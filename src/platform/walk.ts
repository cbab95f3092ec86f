import type { ProcessIdentity, ProcessStat } from './platform.ts';

/** Every process reachable from `roots` by parent links, in a table that was read whole;
 * parents before their children. */
export function descendantsIn(allProcesses: readonly ProcessStat[], roots: Iterable<ProcessIdentity>): ProcessStat[] {
  const byPid = new Map(allProcesses.map((process) => [process.pid, process]));
  const byParent = new Map<number, ProcessStat[]>();
  for (const process of allProcesses) {
    const siblings = byParent.get(process.parent);
    if (siblings) siblings.push(process);
    else byParent.set(process.parent, [process]);
  }
  const seen = new Set<ProcessStat>();
  for (const root of roots) {
    const process = byPid.get(root.pid);
    if (process?.startTime === root.startTime) seen.add(process);
  }
  const queue = [...seen];
  for (const process of queue) {
    for (const child of byParent.get(process.pid) ?? []) {
      if (seen.has(child)) continue;
      seen.add(child);
      queue.push(child);
    }
  }
  return queue;
}
