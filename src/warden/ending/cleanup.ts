import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { Journal } from '../journal.ts';
import { describeSurvivors, type Survivor, terminate } from './termination.ts';

/** Maximum number of attempts, 10 ms apart: the kernel releases a cgroup when its last process is gone for good, which takes a big tree a while. */
const maxRemovalAttempts = 200;

/** Removes the cgroup roots of a warden; false where one stays, because a process in it is alive. */
export async function removeCgroupRoots(platform: Platform, roots: readonly string[]): Promise<boolean> {
  for (let attempt = 0; attempt < maxRemovalAttempts; attempt++) {
    if (platform.removeCgroupRoots(roots)) return true;
    await sleep(10);
  }
  return false;
}

/** Kills what `alive` finds: strays, and members that appear after the end of their tree. Resolves with the survivors. */
export async function killAll(
  { platform, journal }: { readonly platform: Platform; readonly journal: Journal },
  alive: () => ProcessStat[],
): Promise<readonly Survivor[]> {
  const target = { alive, signal: platform.signal.bind(platform) };
  const { survivors } = await terminate(target, [{ signal: 'SIGKILL' }], new AbortController().signal);
  if (survivors.length > 0) journal.write({ event: 'cleanup-failed', reason: String(describeSurvivors(survivors)) });
  return survivors;
}
