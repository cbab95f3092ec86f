import { constants } from 'node:os';
import { ResponseError } from 'vscode-jsonrpc';
import type { NameFailure } from '../protocol/declare.ts';
import { errorCodes } from '../protocol/errorCodes.ts';
import { reasonOf } from '../protocol/errorReasons.ts';
import { type SignalName, signalNumber } from '../protocol/signalNames.ts';
import type { ExitStatus, TreeSnapshot } from '../protocol/snapshot.ts';
import type { TextCode } from '../protocol/texts.ts';

/** Exit codes of the command line. A stable interface: scripts rely on these. */
export const exitCodes = {
  ok: 0,
  /** The request was understood, but could not be fulfilled. */
  failed: 1,
  /** Wrong arguments, or a processes.json with errors. */
  usage: 2,
  /** `is-ready`: the process does not run. */
  notRunning: 2,
  /** `job`: the queue is full. sysexits.h has it for what may succeed later. */
  queueFull: 75,
  /** `run` and `up`: a limit ended the command. timeout(1) uses the same status. */
  limitReached: 124,
  /** `wait` and `up --detach`: the time of `--timeout` is over. timeout(1) uses the same status. */
  timedOut: 124,
  /** Tree Warden itself failed. */
  wardenFailed: 125,
  /** `run`: the command was found but could not be started. */
  cannotStart: 126,
  /** `run`: the command was not found. */
  notFound: 127,
  /** `up`: the reader of its output is gone. A shell reports the same for a command that SIGPIPE has ended. */
  readerGone: 128 + constants.signals.SIGPIPE,
} as const;

/** What the statuses mean, by status; the commands that use them in a meaning of their own stand in front. */
const meanings: readonly (readonly [status: string, meaning: string])[] = [
  ['0', 'success'],
  ['1', 'the request failed; the reason is on stderr'],
  ['', 'up --detach: a process has failed or could not be started'],
  ['', 'down: something is left'],
  ['', 'wait: what is waited for will not come any more'],
  ['', 'is-ready: it runs, or is to run, and is not ready'],
  ['2', 'wrong arguments, or errors in processes.json'],
  ['', 'is-ready: it does not run'],
  ['75', 'job: the queue of the pool is full'],
  ['124', 'wait, up --detach: the time of --timeout is over'],
  ['125', 'Tree Warden itself failed'],
  ['128+N', 'up --detach, up --until: signal N has interrupted it'],
  ['141', 'up: the reader of its output has closed it, and its processes were stopped'],
];

/** Of `run`, `job` and `up --until`, beside the status of the command itself. */
const meaningsOfRun: typeof meanings = [
  ['124', 'a limit ended the command; stderr says which'],
  ['126', 'the command could not be started; for up --until also because of what it needs'],
  ['127', 'the command was not found'],
  ['128+N', 'signal N ended the command, or ended Tree Warden before the command started'],
];

function lines(table: typeof meanings): string {
  return table.map(([status, meaning]) => `  ${status.padEnd(5)}  ${meaning}`).join('\n');
}

export const exitCodeHelp = `
Exit status:
${lines(meanings)}
  run, job and up --until pass on the command's own exit status, and add:
${lines(meaningsOfRun)}
  up passes on that of the first process of its start order that has failed: 124 and 126 as above, and 126 also for
  a command that was not found`;

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
export function signalExitCode(signal: SignalName): number {
  return 128 + signalNumber(signal);
}

/** The exit status that a shell reports for a command that ended like this. */
export function exitCodeOf({ code, signal }: ExitStatus): number {
  if (signal !== null) return signalExitCode(signal);
  return code ?? exitCodes.wardenFailed;
}

/** The exit status of a command that ran its one tree to this end; never 0 where it is not known how the tree has ended. */
export function exitCodeOfTree({ state, exit, limit }: Pick<TreeSnapshot, 'state' | 'exit' | 'limit'>): number {
  if (limit !== undefined) return exitCodes.limitReached;
  if (state === 'succeeded') return exitCodes.ok;
  if (state === 'failed' && exit?.code === 0) return exitCodes.failed;
  return exit ? exitCodeOf(exit) : exitCodes.wardenFailed;
}

/** The exit status for one of several trees that a command ran: 0 where it has succeeded or was stopped, and never 0 where it has failed. */
export function exitCodeOfDeclared({ state, exit, limit }: Pick<TreeSnapshot, 'state' | 'exit' | 'limit'>): number {
  if (limit !== undefined) return exitCodes.limitReached;
  if (state !== 'failed') return exitCodes.ok;
  return (exit && exitCodeOf(exit)) || exitCodes.failed;
}

/** What one instance of `up` has come to: its last tree, or why there was none; `waited`: its time has not come. */
export type RunEnd =
  | { readonly tree: TreeSnapshot }
  | { readonly failure: Pick<NameFailure, 'messageData'> | undefined }
  | { readonly waited: true };

/** Of one among others: one that was stopped on request has not failed. */
export function exitCodeOfRun(end: RunEnd): number {
  if ('waited' in end) return exitCodes.ok;
  return 'tree' in end ? exitCodeOfDeclared(end.tree) : exitCodes.cannotStart;
}

/** Of the one whose status is the answer: its own, as `run` passes it on; also where something else has stopped it. */
export function ownExitCodeOfRun(end: RunEnd): number {
  if ('tree' in end) return exitCodeOfTree(end.tree);
  if ('waited' in end) return exitCodes.ok;
  return notFoundTexts.has(end.failure?.messageData?.code ?? '') ? exitCodes.notFound : exitCodes.cannotStart;
}

/** By the codes of the texts that say so. */
const notFoundTexts: ReadonlySet<string> = new Set<TextCode>(['commandNotFound', 'commandNotFoundInOne', 'commandNotFoundInNone']);

export function startErrorCode(error: unknown): number {
  if (!(error instanceof ResponseError) || error.code !== errorCodes.startFailed) return exitCodes.wardenFailed;
  const reason = reasonOf(error);
  return reason === 'commandNotFound' || reason === 'fileNotFound' ? exitCodes.notFound : exitCodes.cannotStart;
}
