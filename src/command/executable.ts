import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve, sep } from 'node:path';

/** Why a command cannot be run, for programs; see `ErrorReason` of the protocol. */
export type StartFailure = 'commandNotFound' | 'fileNotFound' | 'notExecutable' | 'folderUnusable';

/** Why a leader cannot be spawned, as one sentence, and for programs where that is one of the usual reasons. */
export class CannotStartError extends Error {
  readonly reason: StartFailure | undefined;

  constructor(message: string, reason?: StartFailure) {
    super(message);
    this.reason = reason;
  }
}

/**
 * The file that would be run for `program`, found as execvp(3) finds it.
 * @throws CannotStartError where the folder or the program is missing or not permitted.
 */
export function resolveExecutable(program: string, cwd: string, searchPath: string): string {
  assertFolder(cwd);
  if (program === '') throw new CannotStartError('The command is empty.');
  if (program.includes('/') || program.includes(sep)) {
    const path = isAbsolute(program) ? program : resolve(cwd, program);
    const [found = path] = suffixesFor(program)
      .map((suffix) => `${path}${suffix}`)
      .filter((candidate) => problemOf(candidate) === undefined);
    const problem = problemOf(found);
    if (problem !== undefined)
      throw new CannotStartError(`Cannot run ${path}: ${problem}.`, problem === missing ? 'fileNotFound' : 'notExecutable');
    return found;
  }
  let found: string | undefined;
  for (const folder of searchPath.split(delimiter)) {
    for (const suffix of suffixesFor(program)) {
      const path = join(resolve(cwd, folder), `${program}${suffix}`);
      const problem = problemOf(path);
      if (problem === undefined) return path;
      if (problem !== missing) found ??= `${path}: ${problem}`;
    }
  }
  if (found !== undefined) throw new CannotStartError(`Cannot run ${found}.`, 'notExecutable');
  throw new CannotStartError(`There is no command '${program}' in the PATH (${describePath(searchPath)}).`, 'commandNotFound');
}

/** Where it was looked for: how many folders, not which, because a whole PATH hides the sentence that it stands in, and is no client's business. */
function describePath(searchPath: string): string {
  if (searchPath === '') return 'which is empty';
  const { length } = searchPath.split(delimiter);
  return `${length} ${length === 1 ? 'folder' : 'folders'} searched`;
}

/**
 * Windows finds `npm.cmd` for `npm`, by the list that it has in the environment, and before the file of just that name, which is a script for
 * another shell there.
 */
function suffixesFor(program: string): readonly string[] {
  const known = process.env['PATHEXT']?.split(';').filter((suffix) => suffix !== '') ?? [];
  const hasOne = known.some((suffix) => program.toLowerCase().endsWith(suffix.toLowerCase()));
  return hasOne ? ['', ...known] : [...known, ''];
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
    if (!statSync(cwd).isDirectory()) throw new CannotStartError(`The working directory ${cwd} is not a folder.`, 'folderUnusable');
    accessSync(cwd, constants.X_OK);
  } catch (error) {
    if (error instanceof CannotStartError) throw error;
    const denied = (error as NodeJS.ErrnoException).code === 'EACCES';
    throw new CannotStartError(
      denied ? `This user may not enter the working directory ${cwd}.` : `The working directory ${cwd} does not exist.`,
      'folderUnusable',
    );
  }
}
