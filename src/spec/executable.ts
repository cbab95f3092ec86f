import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve, sep } from 'node:path';

/** Why a leader cannot be spawned, as one sentence. */
export class CannotStartError extends Error {}

/**
 * The file that would be run for `program`, found as execvp(3) finds it.
 * @throws CannotStartError where the folder or the program is missing or not permitted.
 */
export function resolveExecutable(program: string, cwd: string, searchPath: string): string {
  assertFolder(cwd);
  if (program === '') throw new CannotStartError('The command is empty.');
  if (program.includes('/') || program.includes(sep)) {
    const path = isAbsolute(program) ? program : resolve(cwd, program);
    const problem = problemOf(path);
    if (problem !== undefined) throw new CannotStartError(`Cannot run ${path}: ${problem}.`);
    return path;
  }
  let found: string | undefined;
  for (const folder of searchPath.split(delimiter)) {
    for (const suffix of suffixes()) {
      const path = join(resolve(cwd, folder), `${program}${suffix}`);
      const problem = problemOf(path);
      if (problem === undefined) return path;
      if (problem !== missing) found ??= `${path}: ${problem}`;
    }
  }
  if (found !== undefined) throw new CannotStartError(`Cannot run ${found}.`);
  throw new CannotStartError(`There is no command '${program}' in the PATH (${searchPath || 'which is empty'}).`);
}

/** Windows finds `node.exe` for `node`, by the list that it has in the environment. */
function suffixes(): string[] {
  return ['', ...(process.env['PATHEXT']?.split(';') ?? [])];
}

const missing = 'there is no such file';

function problemOf(path: string): string | undefined {
  const found = statIfReachable(path);
  if (found === undefined) return missing;
  if (found.isDirectory()) return 'it is a folder';
  return mayExecute(path) ? undefined : 'this user has no permission to execute it';
}

/** A folder in the PATH that this user may not enter holds nothing for him. */
function statIfReachable(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function mayExecute(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function assertFolder(cwd: string): void {
  try {
    if (!statSync(cwd).isDirectory()) throw new CannotStartError(`The working directory ${cwd} is not a folder.`);
    accessSync(cwd, constants.X_OK);
  } catch (error) {
    if (error instanceof CannotStartError) throw error;
    const denied = (error as NodeJS.ErrnoException).code === 'EACCES';
    throw new CannotStartError(
      denied ? `This user may not enter the working directory ${cwd}.` : `The working directory ${cwd} does not exist.`,
    );
  }
}
