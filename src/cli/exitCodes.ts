import { constants } from 'node:os';
import { ResponseError } from 'vscode-jsonrpc';
import { type ExitStatus, errorCodes } from '../protocol/messages.ts';

/** A stable interface: scripts rely on these. */
export const exitCodes = {
  ok: 0,
  /** The request was understood, but could not be fulfilled. */
  failed: 1,
  /** Wrong arguments, or a processes.json with mistakes. */
  usage: 2,
  /** `run`: Tree Warden itself failed. */
  wardenFailed: 125,
  /** `run`: the command was found but could not be started. */
  cannotStart: 126,
  /** `run`: there is no such command. */
  notFound: 127,
} as const;

export const exitCodeHelp = `
Exit status:
  0    done
  1    it could not be done; the reason is on stderr
  2    wrong arguments, or mistakes in processes.json
  run also passes on the command's own status, and adds:
  125  Tree Warden itself failed
  126  the command could not be started
  127  there is no such command
  128+N  the command was ended by signal N`;

/** An end with a sentence for stderr and a code for scripts. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What a shell would report for a command that ended like this. */
export function exitCodeOf({ code, signal }: ExitStatus): number {
  if (signal !== null) return 128 + constants.signals[signal];
  return code ?? exitCodes.wardenFailed;
}

export function startErrorCode(error: unknown): number {
  if (!(error instanceof ResponseError) || error.code !== errorCodes.startFailed) return exitCodes.wardenFailed;
  return error.message.startsWith('There is no command') || error.message.includes('there is no such file')
    ? exitCodes.notFound
    : exitCodes.cannotStart;
}
