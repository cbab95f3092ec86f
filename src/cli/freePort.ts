import { CliError, exitCodes } from './exitCodes.ts';

/**
 * Where to listen; 0 stands for any port that is free.
 * @throws CliError where that is no port.
 */
export function parseFreePort(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) > 65535)
    throw new CliError(`--port wants a number from 0 to 65535, not '${text}'.`, exitCodes.usage);
  return Number(text);
}
