import { parseToken } from '../loopback/token.ts';
import { errorText } from '../protocol/errors.ts';
import { CliError, exitCodes } from './exitCodes.ts';

const variable = 'TREE_WARDEN_TOKEN';

/**
 * What clients have to show, where the environment says so.
 * @throws CliError where it says something that cannot be a token: a variable that is set and empty among it.
 */
export function tokenFromEnvironment(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const text = env[variable];
  if (text === undefined) return undefined;
  try {
    return parseToken(text);
  } catch (error) {
    throw new CliError(`${variable} ${errorText(error)}. Set it to a long random text, or unset it for a new token.`, exitCodes.usage);
  }
}
