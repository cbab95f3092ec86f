import { CliError, exitCodes } from './exitCodes.ts';
import { up } from './up.ts';
import { upDetached } from './upDetached.ts';

export interface UpOptions {
  readonly detach?: boolean;
  readonly until?: string;
  /** Active profiles, beside those of the environment. */
  readonly profile?: readonly string[];
  readonly timeout?: string;
  readonly json?: boolean;
  /** Whether files are read again when they change; true by default. */
  readonly follow?: boolean;
  readonly applyChanges?: boolean;
}

/** Default of `--timeout`. */
const defaultTimeout = '5m';

/** `up` in the foreground, or in the background with `--detach`. */
export async function upWith(
  names: readonly string[],
  { detach = false, until, profile = [], timeout, json = false, follow = true, applyChanges = false }: UpOptions,
): Promise<number> {
  if (detach) {
    for (const [option, isGiven] of [
      ['--until', until !== undefined],
      ['--no-follow', !follow],
      ['--apply-changes', applyChanges],
    ] as const)
      if (isGiven) throw new CliError(`${option} is for processes in the foreground, without --detach.`, exitCodes.usage);
    return await upDetached(names, { timeout: timeout ?? defaultTimeout, profile, json });
  }
  for (const [option, isGiven] of [
    ['--timeout', timeout !== undefined],
    ['--json', json],
  ] as const)
    if (isGiven) throw new CliError(`${option} is for up --detach only.`, exitCodes.usage);
  if (applyChanges && !follow) throw new CliError('--apply-changes and --no-follow exclude each other.', exitCodes.usage);
  return await up(names, { profile, follow, applyChanges, ...(until !== undefined && { until }) });
}
