/** Schedules of process-compose: https://f1bonacc1.github.io/process-compose/scheduled-processes/ */
import { cronProblem, timeZoneProblem } from '../../protocol/cronTimes.ts';
import { asObject } from './jsonEntries.ts';

/** As a processes.json has it. */
export type FoundSchedule = string | { readonly cron: string; readonly timeZone: string };

/** From when on a pattern has to come true, in milliseconds since 1970. */
const startOfTimes = Date.UTC(2026, 0, 1);

/**
 * Undefined where it cannot be said by a cron pattern, such as an interval of seven minutes. One run at a time is the default there as well; that another one
 * begins at the start (`run_on_start`), and that several may run at once (`max_concurrent`), has no counterpart.
 */
export function foundSchedule(written: unknown): FoundSchedule | undefined {
  const { cron, interval, timezone } = asObject(written);
  // Where there are both, the pattern counts.
  const isCron = typeof cron === 'string' && cron.trim() !== '';
  const pattern = isCron ? cron.trim() : typeof interval === 'string' ? patternOf(secondsOf(interval)) : undefined;
  if (pattern === undefined || cronProblem(pattern, undefined, startOfTimes) !== undefined) return undefined;
  if (!isCron || typeof timezone !== 'string' || timezone === '' || timezone === 'Local') return pattern;
  return timeZoneProblem(timezone) === undefined ? { cron: pattern, timeZone: timezone } : undefined;
}

const secondsPerUnit: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** A duration of Go, such as `1h30m`; NaN where it is none. */
function secondsOf(interval: string): number {
  const parts = [...interval.trim().matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== interval.trim()) return Number.NaN;
  return parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (secondsPerUnit[unit] ?? 0), 0);
}

/** Where the interval divides the next larger unit, so that it is the same over each of its ends. */
function patternOf(seconds: number): string | undefined {
  const step = (count: number, all: number): string | undefined =>
    Number.isInteger(count) && count >= 1 && all % count === 0 ? (count === 1 ? '*' : `*/${count}`) : undefined;
  if (seconds === 86_400) return '@daily';
  if (seconds < 60) return prefixed('', step(seconds, 60), ' * * * * *');
  if (seconds < 3600) return prefixed('', step(seconds / 60, 60), ' * * * *');
  return prefixed('0 ', step(seconds / 3600, 24), ' * * *');
}

function prefixed(before: string, step: string | undefined, behind: string): string | undefined {
  return step === undefined ? undefined : `${before}${step}${behind}`;
}
