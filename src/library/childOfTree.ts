import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { finished } from 'node:stream/promises';
import { isSignal } from '../protocol/stopSteps.ts';
import { OptionError, type Tree, TreeWardenError } from './api.ts';

/** A tree behind the interface of Node's child processes. `exit` and `close` come when no process of the tree is left. */
export class ChildOfTree extends EventEmitter implements ChildProcess {
  readonly pid: number;
  readonly stdin;
  readonly stdout;
  readonly stderr;
  readonly stdio: ChildProcess['stdio'];
  readonly spawnargs: string[];
  readonly spawnfile: string;
  readonly connected = false;
  readonly channel = null;
  exitCode: number | null = null;
  signalCode: NodeJS.Signals | null = null;
  killed = false;
  readonly #tree: Tree;

  constructor(tree: Tree, argv: readonly [string, ...string[]]) {
    super();
    this.#tree = tree;
    const { pid, stdin, stdout, stderr } = tree;
    this.pid = pid;
    this.stdin = stdin;
    this.stdout = stdout;
    this.stderr = stderr;
    this.stdio = [stdin, stdout, stderr, undefined, undefined];
    this.spawnargs = [...argv];
    this.spawnfile = argv[0];
    const told = new Promise<void>((resolve) => {
      process.nextTick(() => {
        this.emit('spawn');
        resolve();
      });
    });
    // Also of one that has ended already, `spawn` is told first.
    void Promise.all([tree.exited, told]).then(async ([{ code, signal }]) => {
      this.exitCode = code;
      // Node's type does not have the realtime signals.
      this.signalCode = signal as NodeJS.Signals | null;
      this.emit('exit', code, signal);
      // As Node does it: what has no reader by now has none.
      for (const stream of [stdout, stderr]) if (stream.readableFlowing === null) stream.resume();
      await Promise.allSettled([finished(stdout), finished(stderr)]);
      this.emit('close', code, signal);
    });
  }

  /**
   * Without a signal, and for SIGTERM, the stop sequence of the tree; any other is sent to all of its processes.
   * @throws OptionError where this system has no such signal.
   */
  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    const name = signal === 0 ? undefined : nameOf(signal);
    if (this.exitCode !== null || this.signalCode !== null) return false;
    // 0 asks whether it is there.
    if (name === undefined) return true;
    this.killed = true;
    const send = async (): Promise<unknown> => {
      if (name === 'SIGKILL') return await this.#tree.kill();
      if (name === 'SIGTERM') return await this.#tree.stop();
      return await this.#tree.signal(name);
    };
    // It has just ended, which `exit` tells: as with a child process of Node's, that is no error.
    send().catch(() => undefined);
    return true;
  }

  send(): boolean {
    throw new TreeWardenError('A process tree has no IPC channel; its stdin and stdout are streams.');
  }

  disconnect(): void {
    this.send();
  }

  /** A program runs on for as long as its trees do. */
  ref(): void {}

  unref(): void {}

  [Symbol.dispose](): void {
    this.kill();
  }
}

function nameOf(signal: NodeJS.Signals | number): NodeJS.Signals {
  const name = typeof signal === 'string' ? signal : Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
  if (name === undefined || !isSignal(name)) throw new OptionError(`signal: '${signal}' is not a signal of this system.`);
  return name;
}
