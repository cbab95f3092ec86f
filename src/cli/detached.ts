import { pathToFileURL } from 'node:url';
import { ensureDetachedWarden } from '../client/otherWardens.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { WardenRegistry } from '../client/wardenRegistry.ts';
import { withoutSecret } from '../protocol/environment.ts';
import { errorText } from '../protocol/errors.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { tellMistypedVariables } from './mistypedVariables.ts';
import { wardenScript } from './wardens.ts';
import { workingDirectory } from './workingDirectory.ts';

/**
 * The warden of the detached trees of a folder; the same one that an editor with this folder open has.
 * @throws CliError where it cannot be started.
 */
export async function detachedWarden(folder = workingDirectory()): Promise<WardenClient> {
  tellMistypedVariables();
  try {
    return await ensureDetachedWarden(wardenScript, { window: windowKeyOf(folder), workspace: folder }, new WardenRegistry('tree-warden'));
  } catch (error) {
    throw new CliError(errorText(error), exitCodes.wardenFailed);
  }
}

/** What an editor that shows this folder calls its window. */
export function windowKeyOf(folder: string): string {
  return pathToFileURL(folder).href;
}

/**
 * The origin of what `up --detach` declares of a file: a window declares the detached processes of the same file to the same warden, and would take the
 * others back.
 */
export function backgroundOrigin(path: string): string {
  return `${path}#background`;
}

/** A detached warden has the environment of the client that started it; a command must have the environment of its own terminal. */
export function ownEnvironment(): Record<string, string> {
  return withoutSecret(process.env);
}
