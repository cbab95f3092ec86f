import type { ProcessStat } from '../../platform/platform.ts';

/**
 * Of a tree's members, those that a command of the warden has started: by its session, which it leads where sessions are the kernel's own, and by
 * descent, which Windows keeps on record when a parent has ended. A process that is older than the command has a parent of the same number.
 */
export function startedByCommand(
  command: { readonly pid: number; readonly startTime: number },
  members: readonly ProcessStat[],
): ProcessStat[] {
  const found = new Set([command.pid]);
  const young = members.filter(({ startTime }) => startTime >= command.startTime);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const { pid, parent, session } of young) if (found.has(parent) || session === command.pid) found.add(pid);
  }
  return young.filter(({ pid }) => found.has(pid));
}
