import { constants } from 'node:os';
import { parseDuration } from './quantities.ts';
import type { StopStep } from './startRequest.ts';

/** SIGTERM, five seconds, SIGKILL. */
export const defaultStop: readonly StopStep[] = [{ signal: 'SIGTERM' }, { waitMillis: 5000 }, { signal: 'SIGKILL' }];

export function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name);
}

/**
 * `SIGTERM`, `TERM` or `term`.
 * @throws RangeError where this system has no such signal.
 */
export function parseSignal(text: string): NodeJS.Signals {
  const upper = text.trim().toUpperCase();
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  if (!isSignal(name)) throw new RangeError(`'${text}' is not a signal of this system`);
  return name;
}

/**
 * Signals and durations, in turn. A SIGKILL is put at the end where it is missing, five seconds after a signal that is the last step:
 * a stop that may not end in a kill could not keep its promise.
 * @throws RangeError that names the step that is wrong.
 */
export function parseStop(steps: readonly string[]): StopStep[] {
  if (steps.length === 0) throw new RangeError('a stop needs at least one step, such as "SIGTERM"');
  const parsed = steps.map((step): StopStep => {
    if (/^\d/.test(step.trim())) return { waitMillis: parseDuration(step) };
    return { signal: parseSignal(step) };
  });
  const last = parsed.at(-1);
  if (last && 'signal' in last && last.signal === 'SIGKILL') return parsed;
  if (last && 'waitMillis' in last) return [...parsed, { signal: 'SIGKILL' }];
  return [...parsed, { waitMillis: 5000 }, { signal: 'SIGKILL' }];
}
