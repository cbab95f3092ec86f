/** The commands of `dist/leftBehind.js`, each in a process of its own. */
import type { EndedLeftBehind, LeftBehind, LeftBehindReport } from '../protocol/leftBehind.ts';
import { runScript } from './wardenCommands.ts';

export interface LeftBehindRequest {
  /** Absolute paths; the worktrees of their repositories are looked for, too. */
  readonly folders: readonly string[];
  /** TCP ports that are wanted. */
  readonly ports: readonly number[];
}

/** Processes that belong to no window any more. @throws Error where the process table cannot be read. */
export async function findLeftBehind(script: string, request: LeftBehindRequest): Promise<LeftBehindReport> {
  return JSON.parse(await runScript(script, ['find', ...argumentsOf(request)], process.env)) as LeftBehindReport;
}

/** Ends these with all that descends from them, gently first, where they are still left behind. Each has an answer of its own. */
export async function endLeftBehind(
  script: string,
  request: LeftBehindRequest,
  processes: readonly Pick<LeftBehind, 'pid' | 'startTime'>[],
): Promise<readonly EndedLeftBehind[]> {
  const wanted = processes.flatMap(({ pid, startTime }) => ['--process', `${pid}:${startTime}`]);
  return JSON.parse(await runScript(script, ['end', ...wanted, ...argumentsOf(request)], process.env)) as EndedLeftBehind[];
}

function argumentsOf({ folders, ports }: LeftBehindRequest): string[] {
  return [...ports.flatMap((port) => ['--port', String(port)]), '--', ...folders];
}
