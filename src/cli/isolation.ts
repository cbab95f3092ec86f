import { isolateSchema, resolveIsolation } from '../config/isolation.ts';
import { pathIn } from '../config/pathIn.ts';
import type { Isolation } from '../protocol/isolation.ts';
import { CliError, exitCodes } from './exitCodes.ts';

/** What an isolated command may reach, as options. */
export interface IsolationOptions {
  readonly isolate?: boolean;
  readonly allowWrite?: readonly string[];
  readonly allowNetwork?: boolean;
  readonly allowSecrets?: boolean;
  readonly sharedTmp?: boolean;
}

/**
 * Undefined where it is not to be isolated. `folder`: the working directory.
 * @throws CliError that names the option.
 */
export function isolationFrom(options: IsolationOptions, folder: string): Isolation | undefined {
  const { isolate = false, allowWrite: write = [], allowNetwork, allowSecrets, sharedTmp } = options;
  const needing = {
    '--allow-write': write.length > 0,
    '--allow-network': allowNetwork,
    '--allow-secrets': allowSecrets,
    '--shared-tmp': sharedTmp,
  };
  if (!isolate) {
    const [given] = Object.entries(needing).find(([, isGiven]) => isGiven) ?? [];
    if (given !== undefined) throw new CliError(`${given} is for --isolate only.`, exitCodes.usage);
    return undefined;
  }
  const { data, error } = isolateSchema.safeParse({
    network: allowNetwork ?? false,
    write,
    tmp: sharedTmp ? 'shared' : 'private',
    secrets: allowSecrets ? 'readable' : 'hidden',
  });
  if (!data) throw new CliError(`--allow-write: ${error.issues[0]?.message ?? 'is not valid'}.`, exitCodes.usage);
  return resolveIsolation(
    data,
    folder,
    write.map((path) => pathIn(folder, path)),
  );
}
