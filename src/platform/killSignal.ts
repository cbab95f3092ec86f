import type { ProcessIdentity, SignalOutcome } from './platform.ts';

/** Signals by kill(2), where there is no pidfd. Microseconds pass between the check of the start time and the signal. */
export function killSignal(found: ProcessIdentity | undefined, target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
  if (found?.startTime !== target.startTime) return 'gone';
  try {
    process.kill(target.pid, signal);
    return 'sent';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'gone' : 'denied';
  }
}
