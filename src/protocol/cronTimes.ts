/** The times of cron patterns that users write. They are computed in the warden, so a pattern is bounded, and one without any time is refused. */
import { createRequire } from 'node:module';
import type { Cron } from 'croner';

/** Maximum length of a pattern, in characters. */
export const maxCronLength = 200;
/** Maximum length of the name of a time zone, in characters; the longest of IANA's has 32. */
export const maxTimeZoneLength = 64;

const nicknames = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];

/**
 * The times of a pattern. A time that does not exist, because clocks are put forward, comes at the first moment after the gap, and one that exists twice comes
 * once, where the pattern has one hour, one minute and one second; any other pattern goes by the clock on the wall, and leaves the gap out and comes twice.
 */
export class CronTimes {
  readonly #cron: Cron;

  /** @throws RangeError with a clause that says what is wrong: "must have 5 fields …". */
  constructor(pattern: string, timeZone?: string) {
    const problem = shapeProblem(pattern) ?? (timeZone === undefined ? undefined : timeZoneProblem(timeZone));
    if (problem !== undefined) throw new RangeError(problem);
    const { Cron: Engine } = loadEngine();
    try {
      const zone = timeZone !== undefined && { timezone: timeZone };
      this.#cron = withoutYears(new Engine(pattern, { paused: true, mode: '5-or-6-parts', ...zone }));
    } catch (error) {
      throw new RangeError(`is not a cron pattern: ${reasonOf(error)}`);
    }
  }

  /**
   * The first time behind `at`, both in milliseconds since 1970; undefined: none will come. It takes up to some 15 ms where there is none or the next one is
   * decades away, as on a 29 February that is a Monday; a fraction of one otherwise.
   */
  after(at: number): number | undefined {
    return this.#cron.nextRun(new Date(at))?.getTime();
  }
}

/** What is wrong with a pattern, as a clause; undefined where nothing is. @param now Milliseconds since 1970: times before that do not count. */
export function cronProblem(pattern: string, timeZone: string | undefined, now: number): string | undefined {
  try {
    return new CronTimes(pattern, timeZone).after(now) === undefined ? 'never comes true: no day is like that' : undefined;
  } catch (error) {
    return (error as RangeError).message;
  }
}

/** What is wrong with the name of a time zone, as a clause; undefined where nothing is. */
export function timeZoneProblem(name: string): string | undefined {
  try {
    // Offsets such as +02:00 are none of IANA's names: no clock is ever put forward there.
    if (name.length <= maxTimeZoneLength && /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name })) return undefined;
  } catch {
    // It is none.
  }
  return `'${name.slice(0, maxTimeZoneLength)}' is not a time zone: write a name such as "Europe/Berlin"`;
}

/** What the engine does not see, or would read as something else. */
function shapeProblem(pattern: string): string | undefined {
  if (pattern.length > maxCronLength) return `must be at most ${maxCronLength} characters long`;
  const fields = pattern.trim().split(/\s+/);
  if (pattern.trim().startsWith('@'))
    return nicknames.includes(pattern.trim().toLowerCase()) ? undefined : `is not one of ${nicknames.join(', ')}`;
  if (fields.length !== 5 && fields.length !== 6)
    return 'must have 5 fields (minute, hour, day of the month, month, weekday), or 6 with seconds in front';
  return pattern.includes('?') ? 'must have * where any value is meant, not ?' : undefined;
}

/** At the first pattern: most files have none. Bundled, it lies beside the bundle. */
function loadEngine(): typeof import('croner') {
  return typeof require === 'undefined' ? createRequire(import.meta.url)('croner') : require('croner');
}

/** What the engine keeps of a pattern, as far as it matters here. */
interface EngineState {
  readonly _states?: { readonly pattern?: { readonly starYear?: boolean; year?: readonly number[] } };
}

/** The engine has a table of 10,000 years for each pattern, 80 KB, and reads it only where a pattern has a field of years: none of these has. */
function withoutYears(cron: Cron): Cron {
  const { pattern } = (cron as unknown as EngineState)._states ?? {};
  if (pattern?.starYear === true) pattern.year = [];
  return cron;
}

/** Without the name of the engine's class. */
function reasonOf(error: unknown): string {
  const reason = (error instanceof Error ? error.message : String(error)).replace(/^\w+: (?:Syntax error, )?/, '');
  return reason.charAt(0).toLowerCase() + reason.slice(1);
}
