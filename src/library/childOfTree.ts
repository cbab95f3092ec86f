import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { finished } from 'node:stream/promises';
import type { Tree } from './api.ts';

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
    process.nextTick(() => this.emit('spawn'));
    void tree.exited.then(async ({ code, signal }) => {
      this.exitCode = code;
      this.signalCode = signal;
      this.emit('exit', code, signal);
      // As Node does it: what has no reader by now has none.
      for (const stream of [stdout, stderr]) if (stream.readableFlowing === null) stream.resume();
      await Promise.allSettled([finished(stdout), finished(stderr)]);
      this.emit('close', code, signal);
    });
  }

  /** Without a signal, and for those that ask for an end, the stop sequence of the tree; any other is sent to all of its processes. */
  kill(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    if (this.exitCode !== null || this.signalCode !== null) return false;
    const send = async (): Promise<void> => {
      if (signal === 'SIGKILL' || signal === 9) await this.#tree.kill();
      else if (signal === 'SIGTERM' || signal === 15) await this.#tree.stop();
      else if (typeof signal === 'string') await this.#tree.signal(signal);
    };
    if (signal !== 0) {
      this.killed = true;
      send().catch((error: unknown) => this.emit('error', error));
    }
    return true;
  }

  send(): boolean {
    throw new Error('A process tree has no IPC channel; its stdin and stdout are streams.');
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
