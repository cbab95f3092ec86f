import { limitsSchema, prioritySchema, resolveLimits, resolvePriority } from '../config/limits.ts';
import type { LimitAction, StartRequest } from '../protocol/startRequest.ts';
import { CliError, exitCodes } from './exitCodes.ts';

/** What a command may take up, as options. */
export interface ConstraintOptions {
  readonly memory?: string;
  readonly processes?: string;
  readonly cpu?: string;
  readonly time?: string;
  readonly openFiles?: string;
  readonly onLimit?: LimitAction;
  readonly nice?: string;
}

/**
 * The same checks as for the file, said in the words of the command line.
 * @throws CliError that names the option.
 */
export function constraintsFrom({
  memory,
  processes,
  cpu,
  time,
  openFiles,
  onLimit,
  nice,
}: ConstraintOptions): Pick<StartRequest, 'limits' | 'onLimit' | 'priority'> {
  const limits = limitsSchema.safeParse({ memory, processes: count(processes), cpu, time, openFiles: count(openFiles) });
  const level = count(nice);
  if (level !== undefined && !(level >= 0 && level <= 19))
    throw new CliError(`--nice: '${nice}' is not a whole number from 0 to 19.`, exitCodes.usage);
  const priority = prioritySchema.safeParse({ nice: level });
  for (const { error } of [limits, priority])
    for (const { path, message } of error?.issues ?? [])
      throw new CliError(`--${String(path[0]).replace('openFiles', 'open-files')}: ${message}.`, exitCodes.usage);
  const given = limits.data ? resolveLimits(limits.data) : {};
  return {
    ...(Object.keys(given).length > 0 && { limits: given }),
    ...(onLimit !== undefined && { onLimit }),
    ...(nice !== undefined && priority.data && { priority: resolvePriority(priority.data) }),
  };
}

/** NaN, which every check refuses, for what is no whole number as people write them: `Number` takes an empty text for 0. */
function count(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}
