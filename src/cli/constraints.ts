import { successExitCodesSchema } from '../config/exitCodes.ts';
import { limitsSchema, prioritySchema, resolveLimits, resolvePriority } from '../config/limits.ts';
import type { LimitAction, StartRequest } from '../protocol/startRequest.ts';
import { CliError, exitCodes } from './exitCodes.ts';

/** What a command may take up, and how its end is judged, as options. */
export interface ConstraintOptions {
  readonly memory?: string;
  readonly processes?: string;
  readonly cpu?: string;
  readonly time?: string;
  readonly openFiles?: string;
  readonly onLimit?: LimitAction;
  readonly nice?: string;
  readonly successExitCodes?: string;
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
  successExitCodes,
}: ConstraintOptions): Pick<StartRequest, 'limits' | 'onLimit' | 'priority' | 'successExitCodes'> {
  const limits = limitsSchema.safeParse({ memory, processes: count(processes), cpu, time, openFiles: count(openFiles) });
  const level = count(nice);
  if (level !== undefined && !(level >= 0 && level <= 19))
    throw new CliError(`--nice: '${nice}' is not a whole number from 0 to 19.`, exitCodes.usage);
  const priority = prioritySchema.safeParse({ nice: level });
  for (const { error } of [limits, priority])
    for (const { path, message } of error?.issues ?? [])
      throw new CliError(`--${String(path[0]).replace('openFiles', 'open-files')}: ${message}.`, exitCodes.usage);
  const codes = successExitCodes === undefined ? undefined : successExitCodesFrom(successExitCodes);
  const given = limits.data ? resolveLimits(limits.data) : {};
  return {
    ...(Object.keys(given).length > 0 && { limits: given }),
    ...(onLimit !== undefined && { onLimit }),
    ...(codes && { successExitCodes: codes }),
    ...(nice !== undefined && priority.data && { priority: resolvePriority(priority.data) }),
  };
}

function successExitCodesFrom(written: string): readonly number[] {
  const { data, error } = successExitCodesSchema.safeParse(written.split(',').map((code) => count(code.trim())));
  if (data) return data;
  const [{ path, message } = { path: [], message: 'is not valid' }] = error.issues;
  const [index] = path;
  const what = typeof index === 'number' ? `'${written.split(',')[index]?.trim()}' ` : '';
  throw new CliError(`--success-exit-codes: ${what}${message}.`, exitCodes.usage);
}

/** NaN, which every check refuses, for what is no whole number as people write them: `Number` takes an empty text for 0. */
function count(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}
