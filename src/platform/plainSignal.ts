import type { ProcessIdentity, SignalOutcome } from './platform.ts';

/** kill(2), for where there is no pidfd: between the caller's check of the start time and the signal lie microseconds. */
export function plainSignal(found: ProcessIdentity | undefined, target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
  if (found?.startTime !== target.startTime) return 'gone';
  try {
    process.kill(target.pid, signal);
    return 'sent';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'denied' : 'gone';
  }
}
