import type { Platform, ProcessIdentity } from '../../platform/platform.ts';

/** Which processes in a tree's container may be killed with it: one may have been moved in by hand that was there before the tree. */
export function mayKillInside(platform: Platform, leader: ProcessIdentity | undefined): (pid: number) => boolean {
  return (pid) => {
    if (platform.isProtected(pid)) return false;
    const process = platform.stat(pid);
    return process?.alive !== true || process.startTime >= (leader?.startTime ?? 0);
  };
}
