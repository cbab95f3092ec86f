import { errorText } from '../protocol/errors.ts';
import { CliError, exitCodes } from './exitCodes.ts';

/** @throws CliError with this exit code where the folder has been removed, or this user may not read the path to it. */
export function workingDirectory(exitCode: number = exitCodes.failed): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new CliError(
      `The working directory cannot be used: ${errorText(error)}. It was probably removed; change to another folder and try again.`,
      exitCode,
    );
  }
}
