import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve, sep } from 'node:path';
import { type Localizable, localizable, type Text } from '../protocol/texts.ts';

/** Why a command cannot be run, for programs; see `ErrorReason` of the protocol. */
export type StartFailure = 'commandNotFound' | 'fileNotFound' | 'notExecutable' | 'folderUnusable';

/** Why a leader cannot be spawned, as one sentence, and for programs where that is one of the usual reasons. */
export class CannotStartError extends Error {
  readonly reason: StartFailure | undefined;
  /** The message, which may be known as data. */
  readonly text: Text;

  constructor(text: Text, reason?: StartFailure) {
    super(String(text));
    this.text = text;
    this.reason = reason;
  }
}

/**
 * The file that would be run for `program`, found as execvp(3) finds it.
 * @throws CannotStartError where the folder or the program is missing or not permitted.
 */
export function resolveExecutable(program: string, cwd: string, searchPath: string): string {
  assertFolder(cwd);
  if (program === '') throw new CannotStartError(localizable('commandEmpty'));
  if (program.includes('/') || program.includes(sep)) {
    const path = isAbsolute(program) ? program : resolve(cwd, program);
    const [found = path] = suffixesFor(program)
      .map((suffix) => `${path}${suffix}`)
      .filter((candidate) => problemOf(candidate) === undefined);
    const problem = problemOf(found);
    if (problem !== undefined)
      throw new CannotStartError(localizable('cannotRun', path, problem), problem.code === 'noSuchFile' ? 'fileNotFound' : 'notExecutable');
    return found;
  }
  let found: Localizable | undefined;
  for (const folder of searchPath.split(delimiter)) {
    for (const suffix of suffixesFor(program)) {
      const path = join(resolve(cwd, folder), `${program}${suffix}`);
      const problem = problemOf(path);
      if (problem === undefined) return path;
      if (problem.code !== 'noSuchFile') found ??= localizable('cannotRun', path, problem);
    }
  }
  if (found !== undefined) throw new CannotStartError(found, 'notExecutable');
  throw new CannotStartError(notFoundIn(searchPath, program), 'commandNotFound');
}

/** Where it was looked for: how many folders, not which, because a whole PATH hides the sentence that it stands in, and is no client's business. */
function notFoundIn(searchPath: string, program: string): Localizable {
  if (searchPath === '') return localizable('commandNotFoundInNone', program);
  const { length } = searchPath.split(delimiter);
  return length === 1 ? localizable('commandNotFoundInOne', program) : localizable('commandNotFound', program, length);
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

/** Whether a path is a file that this user may run. */
export function isExecutable(path: string): boolean {
  return problemOf(path) === undefined;
}

function problemOf(path: string): Localizable | undefined {
  const found = statIfReachable(path);
  if (found === undefined) return localizable('noSuchFile');
  if (found.isDirectory()) return localizable('isFolder');
  return mayExecute(path) ? undefined : localizable('notExecutable');
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
    if (!statSync(cwd).isDirectory()) throw new CannotStartError(localizable('notFolder', cwd), 'folderUnusable');
    accessSync(cwd, constants.X_OK);
  } catch (error) {
    if (error instanceof CannotStartError) throw error;
    const denied = (error as NodeJS.ErrnoException).code === 'EACCES';
    throw new CannotStartError(localizable(denied ? 'folderForbidden' : 'folderMissing', cwd), 'folderUnusable');
  }
}
