import { type ChildProcess, spawn } from 'node:child_process';
import type { ProcessIdentity } from '../../platform/platform.ts';
import { errorText } from '../../protocol/errors.ts';
import { RestartBudget, restartBudget } from '../../protocol/restartBudget.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { switchScript } from './switchScript.ts';

/** Longest first line that is given as an argument, in characters; the kernel takes 128 KiB (MAX_ARG_STRLEN, execve(2)). */
const maxArgument = 100_000;
/** Delay before a failed start of the switch is tried again, in milliseconds. */
const retryMillis = 250;

/** Errors of a spawn that pass: no processes, descriptors or memory at this moment. */
const shortages: ReadonlySet<unknown> = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM']);

/** The dead man's switch, as the warden uses it. */
export interface DeadMansSwitch {
  /** Null where none is needed, or none could be started yet. */
  readonly pid: number | null;
  update(members: readonly ProcessIdentity[], containers: readonly string[]): void;
  /** One more than the last update named, and its container. */
  add(member: ProcessIdentity, container: string | null): void;
  /** A helper process of the warden, which is killed along with the members. */
  addHelper(process: ProcessIdentity): void;
  removeHelper(process: ProcessIdentity): void;
  /** Why there is none, as sentences for people, where it is not restarted automatically. */
  readonly problem: Text | undefined;
  /** A user wants it running: it may be restarted automatically as often as at first. */
  startAgain(): void;
  standDown(): void;
}

/** For platforms whose kernel itself ends everything that the warden has started. */
export const noSwitch: DeadMansSwitch = {
  pid: null,
  update: () => undefined,
  add: () => undefined,
  addHelper: () => undefined,
  removeHelper: () => undefined,
  problem: undefined,
  startAgain: () => undefined,
  standDown: () => undefined,
};

export interface SwitchParts {
  /** The command that ends what is left. */
  readonly reaper: readonly string[];
  onSpawn(pid: number): void;
  /** At every end of a switch, before it is replaced. */
  onLost(pid: number): void;
  /** The switch is not restarted automatically; `problem` says why and what follows, as sentences for people. */
  onGivenUp(problem: Text): void;
}

/**
 * A shell of a megabyte, in a session of its own, that outlives the warden by the time it takes to kill what the warden left. One that ends is
 * replaced, as often as the budget of automatic restarts allows. A start that fails for want of processes, descriptors or memory is tried again for as
 * long as that lasts: nothing runs meanwhile, and the switch is wanted most then.
 */
export class ShellSwitch implements DeadMansSwitch {
  readonly #parts: SwitchParts;
  readonly #budget = new RestartBudget();
  readonly #helpers = new Set<string>();
  #process: ChildProcess | undefined;
  readonly #listed = new Set<string>();
  #sent: ReadonlySet<string> = new Set();
  #stoodDown = false;
  #retry: NodeJS.Timeout | undefined;
  #problem: Text | undefined;

  constructor(parts: SwitchParts) {
    this.#parts = parts;
    this.#start();
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  get problem(): Text | undefined {
    return this.#problem;
  }

  /** `containers`: folders of cgroups; one with a space in its name is left to the reaper. */
  update(members: readonly ProcessIdentity[], containers: readonly string[]): void {
    this.#listed.clear();
    for (const word of [...containers, ...members.map(wordOf)]) this.#list(word);
    this.#send();
  }

  add(member: ProcessIdentity, container: string | null): void {
    if (container !== null) this.#list(container);
    this.#list(wordOf(member));
    this.#send();
  }

  addHelper(process: ProcessIdentity): void {
    this.#helpers.add(wordOf(process));
    this.#send();
  }

  removeHelper(process: ProcessIdentity): void {
    this.#helpers.delete(wordOf(process));
    this.#send();
  }

  startAgain(): void {
    this.#budget.reset();
    if (this.#process || this.#stoodDown) return;
    clearTimeout(this.#retry);
    this.#start();
  }

  /** Ends the switch; to be called when no process is left that it would have to kill. */
  standDown(): void {
    this.#stoodDown = true;
    clearTimeout(this.#retry);
    this.#process?.stdin?.end('stand-down\n');
    // One that was stopped (SIGSTOP) would outlive the warden for ever: in a session of its own, nothing else wakes it.
    this.#process?.kill('SIGCONT');
  }

  #list(word: string): void {
    if (!/\s/.test(word)) this.#listed.add(word);
  }

  #send(): void {
    const words = new Set([...this.#listed, ...this.#helpers]);
    const news = [...words].filter((word) => !this.#sent.has(word));
    const isNoneGone = this.#sent.size + news.length === words.size;
    if (isNoneGone && news.length === 0) return;
    this.#sent = words;
    this.#process?.stdin?.write(isNoneGone ? `+ ${news.join(' ')}\n` : `${this.#line}\n`);
  }

  get #line(): string {
    return [...this.#sent].join(' ');
  }

  #start(): void {
    // The list is there from the first instruction on: the warden may be killed before it could write it.
    const line = this.#line;
    const list = line.length <= maxArgument ? line : '';
    const argv = ['-c', switchScript, 'tree-warden-switch', list, ...this.#parts.reaper];
    let child: ChildProcess;
    try {
      child = spawn('/bin/sh', argv, { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' });
    } catch (error) {
      // Node throws where memory is short, and tells of all else by the event.
      this.#failed(error);
      return;
    }
    const { pid } = child;
    child.on('error', (error) => {
      if (pid === undefined) this.#failed(error);
    });
    if (pid === undefined) return;
    this.#process = child;
    this.#problem = undefined;
    this.#parts.onSpawn(pid);
    child.stdin?.on('error', () => undefined);
    child.on('exit', () => {
      this.#process = undefined;
      this.#parts.onLost(pid);
      if (this.#stoodDown) return;
      if (this.#budget.take()) this.#start();
      else this.#giveUp(localizable('endedByAnother'));
    });
    if (line !== list) child.stdin?.write(`${line}\n`);
  }

  #failed(error: unknown): void {
    this.#retry = setTimeout(() => {
      if (this.#stoodDown) return;
      if (shortages.has((error as NodeJS.ErrnoException).code) || this.#budget.take()) this.#start();
      else this.#giveUp(localizable('couldNotBeStarted', errorText(error)));
    }, retryMillis);
  }

  #giveUp(reason: Text): void {
    const { starts, withinMillis } = restartBudget;
    this.#problem = localizable('switchGaveUp', reason, starts, withinMillis / 60_000);
    this.#parts.onGivenUp(this.#problem);
  }
}

function wordOf({ pid, startTime }: ProcessIdentity): string {
  return `${pid}:${startTime}`;
}
