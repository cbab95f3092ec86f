import { pathToFileURL } from 'node:url';
import { ensureDetachedWarden } from '../client/otherWardens.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { WardenRegistry } from '../client/wardenRegistry.ts';
import { withoutSecret } from '../protocol/environment.ts';
import { errorText } from '../protocol/errors.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { wardenScript } from './wardens.ts';

/**
 * The warden of the detached trees of a folder; the same one that an editor with this folder open has.
 * @throws CliError where it cannot be started.
 */
export async function detachedWarden(folder = process.cwd()): Promise<WardenClient> {
  try {
    return await ensureDetachedWarden(
      wardenScript,
      { window: pathToFileURL(folder).href, workspace: folder },
      new WardenRegistry('tree-warden'),
    );
  } catch (error) {
    throw new CliError(errorText(error), exitCodes.wardenFailed);
  }
}

/** A detached warden has the environment of the client that started it; a command must have the environment of its own terminal. */
export function ownEnvironment(): Record<string, string> {
  return withoutSecret(process.env);
}
