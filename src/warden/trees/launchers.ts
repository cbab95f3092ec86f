/**
 * Programs that change a setting of their own and then become the command: what a process is to be born with, and what the
 * warden could not set for the moment of a spawn and take back (a lower priority, a lower hard limit).
 */

import { CannotStartError, resolveExecutable } from '../../command/executable.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';

const ioClasses = { idle: ['-c', '3'], low: ['-c', '2', '-n', '7'], high: ['-c', '2', '-n', '0'] } as const;

/**
 * What stands in front of the command, each with its arguments.
 * @throws CannotStartError where such a program is not installed.
 */
export function launchersFor({ limits, priority, cwd }: Pick<StartRequest, 'limits' | 'priority' | 'cwd'>, searchPath: string): string[] {
  const launchers: (readonly [string, ...string[]])[] = [];
  if (limits?.openFiles !== undefined) launchers.push(['prlimit', `--nofile=${limits.openFiles}:${limits.openFiles}`, '--']);
  if (priority?.nice !== undefined) launchers.push(['nice', '-n', String(priority.nice)]);
  if (priority?.io !== undefined) launchers.push(['ionice', ...ioClasses[priority.io]]);
  if (priority?.cpus !== undefined) launchers.push(['taskset', '-c', priority.cpus]);
  return launchers.flatMap(([program, ...args]) => [find(program, cwd, searchPath), ...args]);
}

function find(program: string, cwd: string, searchPath: string): string {
  try {
    return resolveExecutable(program, cwd, searchPath);
  } catch (error) {
    throw new CannotStartError(
      `${(error as Error).message} It is needed for the priority or the limit on open files of this process; on Linux, util-linux and coreutils have it.`,
    );
  }
}
