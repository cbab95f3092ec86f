/** Levels of messages, as logging libraries write them. */

/** The least first. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof logLevels)[number];

const names: Readonly<Record<string, LogLevel>> = {
  ...{ trace: 'trace', verbose: 'trace', silly: 'trace', debug: 'debug', info: 'info', information: 'info', notice: 'info', log: 'info' },
  ...{ warn: 'warn', warning: 'warn', error: 'error', err: 'error', fatal: 'fatal', critical: 'fatal', crit: 'fatal', panic: 'fatal' },
  ...{ emerg: 'fatal', alert: 'fatal' },
};
/** As pino and bunyan number them, in tens. */
const numbers: readonly LogLevel[] = logLevels;

const named = /"(?:level|severity|levelname|log\.level)"\s*:\s*"(\w+)"|\b(?:level|lvl|severity)=["']?(\w+)/i;
const numbered = /"level"\s*:\s*([1-6])0\b/;
/** In brackets, before a colon, or in capitals: a level is not what any sentence may say. */
const marked = /\[(\w+)\]|(?:^|[\s|])([A-Za-z]+):(?=\s|$)|(?:^|[\s|([])([A-Z]{3,11})(?=$|[\s|\]):!])/g;
/** Levels stand at the beginning of a line. */
const lookedAt = 200;

/** The level that a line states; undefined where it states none, as the lines of a stack trace do. */
export function levelOf(line: string): LogLevel | undefined {
  const number = numbered.exec(line)?.[1];
  if (number !== undefined) return numbers[Number(number) - 1];
  const [, quoted, bare] = named.exec(line) ?? [];
  const stated = levelNamed(quoted ?? bare);
  if (stated) return stated;
  for (const [, bracketed, before, capitals] of line.slice(0, lookedAt).matchAll(marked)) {
    const level = levelNamed(bracketed ?? before ?? capitals);
    if (level) return level;
  }
  return undefined;
}

export function isAtLeast(level: LogLevel, least: LogLevel): boolean {
  return logLevels.indexOf(level) >= logLevels.indexOf(least);
}

function levelNamed(name: string | undefined): LogLevel | undefined {
  const key = name?.toLowerCase();
  return key !== undefined && Object.hasOwn(names, key) ? names[key] : undefined;
}
