import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { Journal } from '../journal.ts';
import { describeSurvivors, terminate } from './termination.ts';

/** The kernel lets go of a cgroup a moment after its last process has ended. */
const removalLooks = 20;

/** Removes the folders in which a warden has made containers; gives up where somebody is alive in one. */
export async function removeHomes(platform: Platform, homes: readonly string[]): Promise<void> {
  for (let look = 0; look < removalLooks && !platform.removeHomes(homes); look++) await sleep(10);
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
