/** The phases of a language server, and what follows from each event: pure, so that every pair of them is in a table of its test. */

export type ServerPhase =
  | { readonly at: 'idle' }
  /** Until the server has answered `initialize`. */
  | { readonly at: 'starting' }
  | { readonly at: 'running' }
  /** `again`: it is started as soon as it has ended. */
  | { readonly at: 'stopping'; readonly again: boolean }
  /** It has crashed, and waits for its next start. */
  | { readonly at: 'restarting'; readonly reason: string }
  /** At the request of a user. */
  | { readonly at: 'stopped'; readonly reason: string }
  /** Too often to be restarted. */
  | { readonly at: 'crashed'; readonly reason: string }
  /** It could not be started. */
  | { readonly at: 'failed'; readonly reason: string };

export type ServerEvent =
  /** What is declared is another thing than before. */
  | { readonly type: 'declared' }
  | { readonly type: 'startRequested' }
  | { readonly type: 'initialized' }
  | { readonly type: 'stopRequested'; readonly again: boolean }
  /** No process of it is left. `reason`: a clause. */
  | { readonly type: 'ended'; readonly byItself: boolean; readonly reason: string; readonly mayRestart: boolean }
  | { readonly type: 'startFailed'; readonly reason: string };

/** The phase that follows; the same object where the event changes nothing. */
export function nextPhase(phase: ServerPhase, event: ServerEvent): ServerPhase {
  switch (event.type) {
    case 'declared':
      // What was wrong may be right now.
      return phase.at === 'failed' || phase.at === 'crashed' ? { at: 'idle' } : phase;
    case 'startRequested':
      if (phase.at === 'stopping') return phase.again ? phase : { at: 'stopping', again: true };
      return isUp(phase) ? phase : { at: 'starting' };
    case 'initialized':
      return phase.at === 'starting' ? { at: 'running' } : phase;
    case 'stopRequested':
      if (isUp(phase) || phase.at === 'stopping') return { at: 'stopping', again: event.again };
      if (event.again) return { at: 'starting' };
      return phase.at === 'restarting' ? { at: 'stopped', reason: phase.reason } : phase;
    case 'ended':
      if (phase.at === 'stopping') return phase.again ? { at: 'starting' } : { at: 'stopped', reason: event.reason };
      if (!isUp(phase)) return phase;
      if (!event.byItself) return { at: 'stopped', reason: event.reason };
      return { at: event.mayRestart ? 'restarting' : 'crashed', reason: event.reason };
    case 'startFailed':
      if (phase.at === 'stopping') return phase.again ? { at: 'starting' } : { at: 'stopped', reason: event.reason };
      return phase.at === 'starting' ? { at: 'failed', reason: event.reason } : phase;
  }
}

/** It has processes, or is about to have some, and no stop of it is under way. */
function isUp({ at }: ServerPhase): boolean {
  return at === 'starting' || at === 'running';
}

/** How often a server may crash. */
export interface CrashBudget {
  readonly maxCrashes: number;
  readonly windowMillis: number;
}

/** Delay before the first restart in milliseconds; doubled for each further one, up to the maximum. */
const restartDelay = { first: 250, most: 8000 } as const;

/**
 * Milliseconds until the server is started again; undefined where it has crashed too often.
 * @param crashes When it has crashed, the last time included, by one clock in milliseconds.
 */
export function restartDelayMillis(crashes: readonly number[], now: number, { maxCrashes, windowMillis }: CrashBudget): number | undefined {
  const recent = crashes.filter((at) => now - at < windowMillis).length;
  if (recent >= maxCrashes) return undefined;
  return Math.min(restartDelay.first * 2 ** Math.max(0, recent - 1), restartDelay.most);
}
