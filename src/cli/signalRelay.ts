import { setTimeout as sleep } from 'node:timers/promises';
import type { WardenClient } from '../client/wardenClient.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { StopStep } from '../protocol/startRequest.ts';
import { signalExitCode } from './exitCodes.ts';
import { isUnderNohup } from './ownTerminal.ts';
import type { TerminalBridge } from './terminalBridge.ts';

/** Where signals go. */
export interface SignalTarget {
  readonly client: WardenClient;
  readonly id: TreeId;
  /** The command's own process; asked for anew each time, because a container may have a process of its own in front that starts it later. */
  command(): Promise<number>;
}

/** What asks the tree to end. */
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
/** What means to a program whatever it makes of it. SIGUSR1 would open Node's debugger here. */
const handedThrough = [
  ...(['SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGALRM', 'SIGVTALRM', 'SIGPROF', 'SIGIO', 'SIGPWR', 'SIGURG'] as const),
  ...(['SIGABRT', 'SIGTRAP', 'SIGXCPU', 'SIGPIPE'] as const),
];
/** How long programs have for what they do before they are stopped, such as to give their terminal back; in milliseconds. */
const stopMillis = 100;

/**
 * What is sent to this process, for its command. SIGINT, SIGTERM and their like stop the tree, beginning with that very signal; a second one
 * kills. SIGTSTP and SIGCONT stop all of it and let it go on. Every other signal goes to the command alone, as a shell's child would get it. It
 * listens from the start: a stop that comes before there is a tree keeps it from being started, any other signal waits for it.
 */
export class SignalRelay {
  readonly #stop: readonly StopStep[];
  readonly #early: NodeJS.Signals[] = [];
  readonly #onSuspend = (): void => {
    if (this.#target) void this.suspend(process.pid);
    else this.#suspendIsDue = true;
  };
  #target: SignalTarget | undefined;
  #bridge: TerminalBridge | undefined;
  #received: NodeJS.Signals | undefined;
  /** It was to be stopped before there was a tree to stop with it. */
  #suspendIsDue = false;

  constructor(stop: readonly StopStep[]) {
    this.#stop = stop;
    const ignored: readonly NodeJS.Signals[] = isUnderNohup() ? ['SIGHUP'] : [];
    // Without a listener, it would end this process.
    for (const signal of ignored) process.on(signal, () => undefined);
    for (const signal of stopSignals.filter((one) => !ignored.includes(one))) process.on(signal, () => this.#onStop(signal));
    for (const signal of handedThrough) listenIfPossible(signal, () => this.#onOther(signal));
    listenIfPossible('SIGCONT', () => void this.#goOn());
    listenIfPossible('SIGTSTP', this.#onSuspend);
  }

  /** The first one that asks for an end. */
  get received(): NodeJS.Signals | undefined {
    return this.#received;
  }

  attach(target: SignalTarget): void {
    this.#target = target;
    if (this.#received) void this.#stopWith(this.#received, false);
    for (const signal of this.#early.splice(0)) void this.#toCommand(signal);
    if (this.#suspendIsDue) void this.suspend(process.pid);
  }

  /** The terminal that the tree has. */
  bridge(bridge: TerminalBridge): void {
    this.#bridge = bridge;
  }

  /** Stops the tree and then `whom`: this process, or 0 for its group, which is what Ctrl-Z stops. Resolves when it goes on. */
  async suspend(whom: number): Promise<void> {
    // A program may have something to do before. The kernel lets nothing be stopped by this that has no shell to let it go on.
    await this.#toAll('SIGTSTP');
    await sleep(stopMillis);
    await this.#toAll('SIGSTOP');
    this.#bridge?.release();
    process.off('SIGTSTP', this.#onSuspend);
    // Its effect comes before this returns: what is below is done when the shell lets this process go on.
    process.kill(whom, 'SIGTSTP');
    process.on('SIGTSTP', this.#onSuspend);
    await this.#goOn();
  }

  async #goOn(): Promise<void> {
    this.#suspendIsDue = false;
    this.#bridge?.continued();
    await this.#toAll('SIGCONT');
  }

  #onStop(signal: NodeJS.Signals): void {
    const again = this.#received !== undefined;
    this.#received ??= signal;
    if (this.#target) void this.#stopWith(signal, again);
    // Its warden, which may be what does not come up, sees our end and ends too.
    else if (again) process.exit(signalExitCode(signal));
  }

  #onOther(signal: NodeJS.Signals): void {
    // The terminal in between tells the command of a new size by itself.
    if (signal === 'SIGWINCH' && this.#bridge?.resize()) return;
    if (this.#target) void this.#toCommand(signal);
    else if (!this.#early.includes(signal)) this.#early.push(signal);
  }

  async #stopWith(signal: NodeJS.Signals, now: boolean): Promise<void> {
    if (!this.#target) return;
    const { client, id } = this.#target;
    const steps = [{ signal }, ...this.#stop.slice(1)];
    await client.stop({ tree: id, now, reason: `tree-warden received ${signal}`, steps }).catch(() => undefined);
  }

  /** What cannot be sent is the command's own affair: it may have ended, or belong to another user now. */
  async #toCommand(signal: NodeJS.Signals): Promise<void> {
    if (!this.#target) return;
    const { client, id } = this.#target;
    await this.#target
      .command()
      .then((pid) => client.signal({ tree: id, signal, pid }))
      .catch(() => undefined);
  }

  async #toAll(signal: NodeJS.Signals): Promise<void> {
    await this.#target?.client.signal({ tree: this.#target.id, signal }).catch(() => undefined);
  }
}

/** Not every system has every signal. */
function listenIfPossible(signal: NodeJS.Signals, listener: () => void): void {
  try {
    process.on(signal, listener);
  } catch {
    // It cannot be received here, then.
  }
}
