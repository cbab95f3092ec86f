import { parseDuration } from '../protocol/quantities.ts';
import { CliError, exitCodes } from './exitCodes.ts';

/**
 * The value of an option, in milliseconds.
 * @throws CliError that names the option.
 */
export function durationOf(option: string, text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new CliError(`${option}: ${(error as RangeError).message}.`, exitCodes.usage);
  }
}

/** Until when is waited, in milliseconds; `0s` is without a limit. */
export function timeoutOf(text: string): number {
  const millis = durationOf('--timeout', text);
  return millis === 0 ? Number.POSITIVE_INFINITY : millis;
}

/**
 * The value of an option that says since when, or until when: so long ago, or a moment. In milliseconds since 1970.
 * @throws CliError that names the option.
 */
export function momentOf(option: string, text: string): number {
  // Without a date, JavaScript would take any number for a year.
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const moment = Date.parse(text);
    if (!Number.isNaN(moment)) return moment;
  }
  try {
    const agoAt = Date.now() - parseDuration(text);
    return agoAt;
  } catch {
    throw new CliError(`${option} wants a duration such as 10m, or a moment such as 2026-01-31T12:00:00Z, not '${text}'.`, exitCodes.usage);
  }
}
