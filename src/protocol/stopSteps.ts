import { constants } from 'node:os';
import { parseDuration } from './quantities.ts';
import type { HookCommand, StopStep } from './startRequest.ts';

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
 * Signals, durations and commands, in turn. What a kill takes is put at the end where it is missing, five seconds after a signal that is the last one:
 * a stop that may not end in a kill could not keep its promise.
 * @throws RangeError that names the step that is wrong.
 */
export function parseStop(steps: readonly string[]): StopStep[];
export function parseStop<C extends object>(steps: readonly (string | C)[]): (Exclude<StopStep, HookCommand> | C)[];
export function parseStop<C extends object>(steps: readonly (string | C)[]): (Exclude<StopStep, HookCommand> | C)[] {
  if (steps.length === 0) throw new RangeError('a stop needs at least one step, such as "SIGTERM"');
  const parsed = steps.map((step) => {
    if (typeof step === 'object') return step;
    if (/^\d/.test(step.trim())) return { waitMillis: parseDuration(step) };
    return { signal: parseSignal(step) };
  });
  const last = parsed.findLast((_step, index) => typeof steps[index] === 'string');
  if (last === undefined) return [...parsed, ...withoutCommands(defaultStop)];
  if ('signal' in last && last.signal === 'SIGKILL') return parsed;
  if ('waitMillis' in last) return [...parsed, { signal: 'SIGKILL' }];
  return [...parsed, { waitMillis: 5000 }, { signal: 'SIGKILL' }];
}

export function commandsOf(steps: readonly StopStep[]): HookCommand[] {
  return steps.filter((step): step is HookCommand => 'run' in step);
}

export function withoutCommands(steps: readonly StopStep[]): Exclude<StopStep, HookCommand>[] {
  return steps.filter((step): step is Exclude<StopStep, HookCommand> => !('run' in step));
}

/** These steps; where they have no commands, with those of the declared steps behind them. */
export function withCommandsOf(declared: readonly StopStep[], steps: readonly StopStep[]): readonly StopStep[] {
  return commandsOf(steps).length > 0 ? steps : [...steps, ...commandsOf(declared)];
}

/** How long a stop takes at most before it kills, in milliseconds. */
export function stopMillis(steps: readonly StopStep[]): number {
  return steps.reduce((sum, step) => sum + ('waitMillis' in step ? step.waitMillis : 'run' in step ? step.timeoutMillis : 0), 0);
}
