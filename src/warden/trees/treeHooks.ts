import { performance } from 'node:perf_hooks';
import { displayCommandLine } from '../../command/commandLine.ts';
import { CannotStartError } from '../../command/executable.ts';
import { textOfError } from '../../protocol/errorReasons.ts';
import { formatDuration } from '../../protocol/format.ts';
import type { HookCommand, StartRequest, StopStep } from '../../protocol/startRequest.ts';
import { commandsOf, withoutCommands } from '../../protocol/stopSteps.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { LongTimer } from '../../protocol/timers.ts';
import { terminate } from '../ending/termination.ts';
import { CommandLivesError, type CommandSurroundings, runMemberCommand } from './memberCommand.ts';
import type { MemberSignals } from './memberSignals.ts';
import type { HookResult } from './treeEvents.ts';

export interface TreeHooksParts {
  surroundings(): CommandSurroundings;
  signals(): MemberSignals;
  /** Puts what the commands print into the output of the tree. */
  print(text: Buffer): void | Promise<void>;
  /** Whether that output is read as that of a terminal. */
  readonly isTerminal: boolean;
  /** Resolves when no command of the last run is being run any more for a warden that was killed. */
  readonly cleared: Promise<void>;
  /** Commands before the start are run now, as members of the tree. */
  onPreparing(): void;
  /** The process of a command has ended, and no stop runs it again: to be noted at once. */
  onCollected(): void;
  onEnded(result: HookResult): void;
}

/** The commands that belong to the life of a tree, besides its own: before its start, when it is ready, and at its end. */
export class TreeHooks {
  readonly #request: StartRequest;
  readonly #parts: TreeHooksParts;
  readonly #cancelled = new AbortController();
  /** Commands that have been run to their end: a stop that is tried again leaves them out. */
  readonly #done = new Set<StopStep>();
  #isPreparing = false;
  /** Ends the command of the stop that is run now. */
  #hurry: AbortController | undefined;

  constructor(request: StartRequest, parts: TreeHooksParts) {
    this.#request = request;
    this.#parts = parts;
  }

  /** The declared steps of the stop, without the commands that have been run; without any while it is not certain that there will be a process. */
  get stopLeft(): readonly StopStep[] {
    if (this.#isPreparing) return withoutCommands(this.#request.stop);
    return this.#done.size === 0 ? this.#request.stop : this.#request.stop.filter((step) => !this.#done.has(step));
  }

  /** Whether an end has commands to run. */
  get hasEnd(): boolean {
    return commandsOf(this.stopLeft).length > 0;
  }

  /**
   * Runs what comes before the start. What it leaves running is ended: a member is never older than its leader.
   * @throws CannotStartError where one fails, or the tree is stopped meanwhile.
   */
  async beforeStart(): Promise<void> {
    const { beforeStart = [], name } = this.#request;
    // What the last run has left may take an hour: a stop does not wait for it.
    if (this.hasEnd) await Promise.race([this.#parts.cleared, aborted(this.#cancelled.signal)]);
    if (beforeStart.length === 0 || this.#cancelled.signal.aborted) return;
    this.#isPreparing = true;
    try {
      this.#parts.onPreparing();
      await this.#prepare(beforeStart, name);
    } finally {
      this.#isPreparing = false;
    }
  }

  async #prepare(beforeStart: readonly HookCommand[], name: string): Promise<void> {
    let failure: CannotStartError | undefined;
    for (const command of beforeStart) {
      const problem = await this.#run(command, this.#cancelled.signal);
      if (this.#cancelled.signal.aborted) failure = new CannotStartError(localizable('stoppedBeforeStart', name));
      else if (problem !== undefined)
        failure = new CannotStartError(localizable('beforeStartFailed', name, displayCommandLine(command.run), problem));
      if (failure) break;
    }
    await terminate(this.#parts.signals().target(), [], new AbortController().signal);
    if (failure) throw failure;
  }

  /** Ends with the first that fails. */
  async afterReady(): Promise<void> {
    for (const command of this.#request.afterReady ?? [])
      if (this.#cancelled.signal.aborted || (await this.#run(command, this.#cancelled.signal)) !== undefined) return;
  }

  /** Ends the commands of the start: the tree is to end. */
  cancel(): void {
    this.#cancelled.abort();
  }

  /** Ends the waits of a stop, and the command of it that is run now. */
  hurry(waits: AbortController): void {
    waits.abort();
    this.#hurry?.abort();
  }

  /** Never fails. */
  async atStop(command: HookCommand): Promise<void> {
    if (this.#done.has(command)) return;
    this.#hurry = new AbortController();
    await this.#run(command, this.#hurry.signal);
    this.#hurry = undefined;
  }

  /** Answers with how it has failed, as a clause. */
  async #run(command: HookCommand, cancelled: AbortSignal): Promise<Text | undefined> {
    const { surroundings, isTerminal, print, onCollected, onEnded } = this.#parts;
    const begun = performance.now();
    const onOutput = (text: Buffer): void | Promise<void> => print(isTerminal ? withCarriageReturns(text) : text);
    const noteEnd = (): void => {
      this.#done.add(command);
      onCollected();
    };
    const problem = await runHook(command, cancelled, { ...surroundings(), onOutput }, noteEnd);
    // One that was not run at all, or goes on running, has had its turn.
    this.#done.add(command);
    onEnded({ command, problem, durationMillis: Math.round(performance.now() - begun) });
    return problem;
  }
}

/**
 * Runs a command until its timeout, or until it is cancelled. Answers with how it has failed, as a clause; never throws.
 * @param onExit Called in the turn in which its process has ended: what it has printed may be waited for much longer.
 */
export async function runHook(
  { run, timeoutMillis, quiet }: HookCommand,
  cancelled: AbortSignal | undefined,
  surroundings: CommandSurroundings,
  onExit: () => void,
): Promise<Text | undefined> {
  const announced = quiet ? undefined : surroundings.onOutput?.(Buffer.from(`> ${displayCommandLine(run)}\n`));
  const onCollected = (pid: number): void => {
    surroundings.onCollected(pid);
    onExit();
  };
  const end = new AbortController();
  const abort = (): void => end.abort();
  const timer = new LongTimer(abort, timeoutMillis);
  cancelled?.addEventListener('abort', abort, { once: true });
  if (cancelled?.aborted) abort();
  try {
    return await runMemberCommand({ ...surroundings, onCollected }, run, end.signal);
  } catch (error) {
    if (!end.signal.aborted) return textOfError(error);
    if (error instanceof CommandLivesError) return localizable('hookNotKilled');
    return cancelled?.aborted === true ? localizable('hookCancelled') : localizable('hookTookTooLong', formatDuration(timeoutMillis));
  } finally {
    // A command that prints nothing waits for no output of its own, and the log of its tree may be closed behind it.
    await announced;
    timer.cancel();
    cancelled?.removeEventListener('abort', abort);
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

/** As a terminal would show what a program prints that has none. */
function withCarriageReturns(text: Buffer): Buffer {
  return Buffer.from(text.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}
