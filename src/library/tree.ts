import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { type ErrorReason, reasonOf } from '../protocol/errorReasons.ts';
import { errorText } from '../protocol/errors.ts';
import { portsOf } from '../protocol/ports.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import type { StartRequest } from '../protocol/startRequest.ts';
import { isSignal } from '../protocol/stopSteps.ts';
import { isReady } from '../protocol/trees.ts';
import {
  type Exit,
  type Member,
  NotReadyError,
  OptionError,
  type OutputMode,
  type SpawnOptions,
  StartError,
  type State,
  type Tree,
} from './api.ts';
import { ChildOfTree } from './childOfTree.ts';
import { failureOf, guardianFailure } from './failures.ts';
import type { TreeHost } from './guardian.ts';
import { Lines } from './lines.ts';
import { openSocket, stderrOf, stdinOf, stdoutOf } from './streams.ts';

/** What is told of a tree whose warden has ended: by then, the switch has ended its processes. */
const guardianLost: Exit = {
  state: 'killed',
  code: null,
  signal: 'SIGKILL',
  reason: 'ended with the background process that guarded it',
};

/** A tree that this program has started. */
export class GuardedTree implements Tree {
  readonly id: string;
  readonly name: string;
  readonly commandLine: string;
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ready: Promise<void>;
  readonly exited: Promise<Exit>;
  readonly #host: TreeHost;
  readonly #request: StartRequest;
  readonly #listeners = new Set<(state: State, reason: string) => void>();
  readonly #lines: Lines;
  /** Called with every snapshot. */
  readonly #watchers = new Set<() => void>();
  #snapshot: TreeSnapshot;

  /** @throws StartError, GuardianError; the signal's reason where it is aborted before. */
  static async start(host: TreeHost, request: StartRequest, options: SpawnOptions): Promise<GuardedTree> {
    const { signal } = options;
    const begin = async (): Promise<TreeSnapshot> => {
      signal?.throwIfAborted();
      return await host.client.start(request).catch((error: unknown) => {
        throw guardianFailure(error) ?? new StartError(errorText(error), startReasonOf(error));
      });
    };
    const snapshot = await begin().catch((error: unknown) => {
      host.started(request.name);
      throw error;
    });
    try {
      const socket = await openSocket(snapshot.rawSocket ?? '');
      const tree = new GuardedTree(host, request, snapshot, {
        stdin: stdinOf(socket),
        stdout: stdoutOf(socket),
        stderr: stderrOf(host, snapshot.id, request.awaitReader === true ? 'wait' : 'skip'),
      });
      tree.#apply(options);
      return tree;
    } catch (error) {
      host.started(request.name);
      await host.client.stop({ tree: snapshot.id, now: true, reason: 'its streams could not be opened' }).catch(() => undefined);
      throw error;
    }
  }

  private constructor(
    host: TreeHost,
    request: StartRequest,
    snapshot: TreeSnapshot,
    streams: { readonly stdin: Writable; readonly stdout: Readable; readonly stderr: Readable },
  ) {
    this.#host = host;
    this.#request = request;
    this.#snapshot = snapshot;
    this.id = snapshot.id;
    this.name = snapshot.name;
    this.commandLine = snapshot.commandLine;
    this.pid = snapshot.leader?.pid ?? 0;
    this.stdin = streams.stdin;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
    this.#lines = new Lines(this.stdout);
    const hold = host.hold();
    this.exited = new Promise((resolve) => {
      const following = host.follow(snapshot.id, (next) => {
        host.started(snapshot.name);
        const exit = next === undefined ? guardianLost : this.#take(next);
        if (exit === undefined) return;
        // In a later turn: `follow` may call before it has returned.
        setImmediate(() => following[Symbol.dispose]());
        hold[Symbol.dispose]();
        resolve(exit);
      });
    });
    // Nothing is left that reads it: a further write fails, as on a closed pipe.
    void this.exited.then(() => this.stdin.destroy());
    this.ready = this.#becomesReady();
    // A program that does not ask is not ended by its rejection.
    this.ready.catch(() => undefined);
  }

  get state(): State {
    return this.#snapshot.state;
  }

  onState(listener: (state: State, reason: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async members(): Promise<readonly Member[]> {
    using _waiting = this.#host.hold();
    const trees = await this.#host.client.list().catch(rethrow);
    const { members = [] } = trees.find(({ id }) => id === this.id) ?? {};
    return members
      .filter(({ zombie }) => !zombie)
      .map(({ pid, parent, name, cpuPercent, memoryBytes, ports = [] }) => ({
        ...{ pid, parent, name, cpuPercent, memoryBytes },
        ports: portsOf([{ ports }]).map(({ port }) => port),
      }));
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    if (!isSignal(signal)) throw new OptionError(`signal: '${signal}' is not a signal of this system.`);
    using _waiting = this.#host.hold();
    await this.#host.client.signal({ tree: this.#snapshot.id, signal }).catch(rethrow);
  }

  async stop(reason = 'stopped by the program'): Promise<Exit> {
    return await this.#end(false, reason);
  }

  async kill(reason = 'killed by the program'): Promise<Exit> {
    return await this.#end(true, reason);
  }

  asChildProcess(): ChildProcess {
    return new ChildOfTree(this, this.#request.argv);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, void> {
    yield* this.#lines;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #apply({ stdin, stdout, stderr, signal }: SpawnOptions): void {
    if (stdin === 'ignore') this.stdin.end();
    direct(this.stdout, stdout, process.stdout);
    direct(this.stderr, stderr, process.stderr);
    if (signal === undefined) return;
    const abort = (): void => void this.stop('aborted by the program').catch(() => undefined);
    signal.addEventListener('abort', abort, { once: true });
    void this.exited.then(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  }

  async #end(now: boolean, reason: string): Promise<Exit> {
    using _waiting = this.#host.hold();
    // One that has ended, and one whose warden has, is told by `exited`.
    await this.#host.client.stop({ tree: this.#snapshot.id, now, reason }).catch(() => undefined);
    return await this.exited;
  }

  /** Its end, where this is it. */
  #take(next: TreeSnapshot): Exit | undefined {
    const isNews = next.state !== this.#snapshot.state || next.reason !== this.#snapshot.reason;
    this.#snapshot = next;
    for (const look of this.#watchers) look();
    if (isNews) for (const listener of this.#listeners) tell(() => listener(next.state, next.reason));
    return next.endedAt === undefined ? undefined : exitOf(next);
  }

  async #becomesReady(): Promise<void> {
    const { ready: probe } = this.#request;
    const isThere = (): boolean => {
      const { readyAt, endedAt } = this.#snapshot;
      // The news that it was ready may come together with that of its end. Without a probe, one whose first process has left others behind is as ready as it was at its start.
      return readyAt !== undefined || isReady(this.#snapshot) || (probe === undefined && endedAt === undefined);
    };
    const ready = new Promise<undefined>((resolve) => {
      const look = (): void => {
        if (!isThere()) return;
        this.#watchers.delete(look);
        resolve(undefined);
      };
      this.#watchers.add(look);
      look();
    });
    const exit = await Promise.race([ready, this.exited]);
    if (exit !== undefined) throw new NotReadyError(`“${this.name}” ended before it was ready: ${exit.reason}.`, exit);
  }
}

function exitOf({ state, reason, exit }: TreeSnapshot): Exit {
  return { state, reason, code: exit?.code ?? null, signal: exit?.signal ?? null };
}

const startReasons = ['commandNotFound', 'fileNotFound', 'notExecutable', 'folderUnusable'] as const satisfies readonly ErrorReason[];

function startReasonOf(error: unknown): StartError['reason'] {
  const reason = reasonOf(error);
  return startReasons.find((one) => one === reason);
}

function rethrow(error: unknown): never {
  throw failureOf(error);
}

/** What a listener throws is an uncaught exception of the program's, as that of an event is, and keeps no other from being told. */
function tell(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

function direct(output: Readable, mode: OutputMode = 'pipe', own: NodeJS.WriteStream): void {
  if (mode === 'ignore') output.resume();
  else if (mode === 'inherit') copy(output, own);
}

/** At the pace of the target. A pipe() would be five listeners of it for each tree, and a warning of Node's from the eleventh tree on. */
function copy(output: Readable, own: NodeJS.WriteStream): void {
  output.on('data', (chunk: Buffer) => {
    output.pause();
    own.write(chunk, () => void output.resume());
  });
}
