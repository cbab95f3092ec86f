import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { Journal } from '../journal.ts';
import { describeSurvivors, terminate } from './termination.ts';

/** The kernel lets go of a cgroup when its last process has ended for good, which takes a big tree a while; looks, 10 ms apart. */
const removalLooks = 200;

/** Removes the folders in which a warden has made containers; false where one stays, because somebody is alive in it. */
export async function removeHomes(platform: Platform, homes: readonly string[]): Promise<boolean> {
  for (let look = 0; look < removalLooks; look++) {
    if (platform.removeHomes(homes)) return true;
    await sleep(10);
  }
  return false;
}

/** Ends at once whoever `alive` finds: strays, and members that turn up when their tree has ended. */
export async function killAll(
  { platform, journal }: { readonly platform: Platform; readonly journal: Journal },
  alive: () => ProcessStat[],
): Promise<void> {
  const target = { alive, signal: platform.signal.bind(platform) };
  const { survivors } = await terminate(target, [{ signal: 'SIGKILL' }], new AbortController().signal);
  if (survivors.length > 0) journal.write({ event: 'cleanup-failed', reason: describeSurvivors(survivors) });
}
