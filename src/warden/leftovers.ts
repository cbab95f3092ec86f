import type { Platform, ProcessStat } from '../platform/platform.ts';
import type { Journal } from './journal.ts';
import { describeSurvivors, terminate } from './termination.ts';

/** Ends at once whoever `alive` finds: strays, and members that turn up when their tree has ended. */
export async function killAll(
  { platform, journal }: { readonly platform: Platform; readonly journal: Journal },
  alive: () => ProcessStat[],
): Promise<void> {
  const target = { alive, signal: platform.signal.bind(platform) };
  const { survivors } = await terminate(target, [{ signal: 'SIGKILL' }], new AbortController().signal);
  if (survivors.length > 0) journal.write({ event: 'cleanup-failed', reason: describeSurvivors(survivors) });
}
