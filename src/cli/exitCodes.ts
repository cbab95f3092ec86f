import { constants } from 'node:os';
import { ResponseError } from 'vscode-jsonrpc';
import { errorCodes } from '../protocol/errorCodes.ts';
import { reasonOf } from '../protocol/errorReasons.ts';
import type { ExitStatus, TreeSnapshot } from '../protocol/snapshot.ts';

/** Exit codes of the command line. A stable interface: scripts rely on these. */
export const exitCodes = {
  ok: 0,
  /** The request was understood, but could not be fulfilled. */
  failed: 1,
  /** Wrong arguments, or a processes.json with errors. */
  usage: 2,
  /** `run` and `up`: a limit ended the command. timeout(1) uses the same status. */
  limitReached: 124,
  /** Tree Warden itself failed. */
  wardenFailed: 125,
  /** `run`: the command was found but could not be started. */
  cannotStart: 126,
  /** `run`: the command was not found. */
  notFound: 127,
  /** `up`: the reader of its output is gone. A shell reports the same for a command that SIGPIPE has ended. */
  readerGone: 128 + constants.signals.SIGPIPE,
} as const;

export const exitCodeHelp = `
Exit status:
  0    success
  1    the request failed; the reason is on stderr
  2    wrong arguments, or errors in processes.json
  125  Tree Warden itself failed
  141  up: the reader of its output has closed it, and its processes were stopped
  run passes on the command's own exit status, and adds:
  124  a limit ended the command; stderr says which
  126  the command could not be started
  127  the command was not found
  128+N  signal N ended the command, or ended Tree Warden before the command started`;

/** Ends the command line with a sentence for stderr and an exit code for scripts. */
export class CliError extends Error {
  readonly exitCode: number;
  /** The sentence, and what is quoted below it. */
  readonly lines: readonly [string, ...string[]];

  constructor(sentence: string, exitCode: number = exitCodes.failed, lines: readonly string[] = []) {
    super([sentence, ...lines].join('\n'));
    this.exitCode = exitCode;
    this.lines = [sentence, ...lines];
  }
}

/** The exit status that a shell reports for a command that this signal has ended. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** The exit status that a shell reports for a command that ended like this. */
export function exitCodeOf({ code, signal }: ExitStatus): number {
  if (signal !== null) return signalExitCode(signal);
  return code ?? exitCodes.wardenFailed;
}

/** The exit status of a command that ran its one tree to this end; never 0 where it is not known how the tree has ended. */
export function exitCodeOfTree({ exit, limit }: Pick<TreeSnapshot, 'exit' | 'limit'>): number {
  if (limit !== undefined) return exitCodes.limitReached;
  return exit ? exitCodeOf(exit) : exitCodes.wardenFailed;
}

export function startErrorCode(error: unknown): number {
  if (!(error instanceof ResponseError) || error.code !== errorCodes.startFailed) return exitCodes.wardenFailed;
  const reason = reasonOf(error);
  return reason === 'commandNotFound' || reason === 'fileNotFound' ? exitCodes.notFound : exitCodes.cannotStart;
}
