import type * as vscode from 'vscode';
import { type MessageTransports, State } from 'vscode-languageclient/node';
import type { LanguageServerCommand, ServerAddress } from '../../../config/languageServerCommand.ts';
import type { SpawnOptions, Tree } from '../../../library/api.ts';
import { errorText } from '../../../protocol/errors.ts';
import type { TreeId } from '../../../protocol/identity.ts';
import type { TreeSnapshot } from '../../../protocol/snapshot.ts';
import { pause } from '../../../protocol/timers.ts';
import type { DeclaredLanguageServer } from '../../workspaceSpecs.ts';
import type { TraceLevel } from '../serverStatus.ts';
import { Listener, overStdio } from './connection.ts';
import { GuardedClient } from './guardedClient.ts';
import { introduction } from './introduction.ts';
import { writeLines } from './outputLines.ts';
import { RequestMeter } from './requestMeter.ts';
import { selectorFor } from './selectors.ts';
import { endedByItself } from './treeEnd.ts';

/** What the runs of servers need of the window. */
export interface RunParts {
  /** Starts a tree with a name like this one. */
  spawn(name: string, command: readonly [string, ...string[]], options: SpawnOptions): Promise<Tree>;
  /** What a server is started with. */
  resolve(server: DeclaredLanguageServer, address?: ServerAddress): Promise<LanguageServerCommand>;
  /** The newest snapshot of a tree; undefined where its warden is lost. */
  snapshotOf(tree: TreeId): TreeSnapshot | undefined;
}

export type RunEnd =
  | { readonly type: 'startFailed'; readonly reason: string }
  | { readonly type: 'ended'; readonly byItself: boolean; readonly reason: string };

/** Time in milliseconds within which a server answers `initialize`; some read a whole workspace before. */
const initializeMillis = 120_000;
/** Time in milliseconds that a server is given to answer `shutdown`. */
const shutdownMillis = 2000;
/** Time in milliseconds that a server without a connection is given to end. */
const exitMillis = 1000;
/** A server that has not ended by then has been asked already. */
const stopSteps = ['SIGTERM', '2s'];

/** One run of a server: its processes, and the client that speaks with it. Both end together. */
export class ServerRun {
  readonly server: DeclaredLanguageServer;
  readonly requests = new RequestMeter();
  /** Resolves when the server has answered `initialize`; never where it does not. */
  readonly initialized: Promise<void>;
  /** Resolves when no process is left. Never rejects. */
  readonly ended: Promise<RunEnd>;
  readonly #parts: RunParts;
  readonly #output: vscode.LogOutputChannel;
  /** Calls off a start. */
  readonly #abort = new AbortController();
  #client: GuardedClient | undefined;
  #tree: Tree | undefined;
  #trace: TraceLevel;
  /** Why it is to end, as a clause; undefined where it is not. */
  #stopReason: string | undefined;
  /** Why it was ended although it was not to be, as a clause. */
  #failure: string | undefined;
  #version: string | undefined;

  constructor(server: DeclaredLanguageServer, parts: RunParts, output: vscode.LogOutputChannel, trace: TraceLevel) {
    this.server = server;
    this.#parts = parts;
    this.#output = output;
    this.#trace = trace;
    let initialized = (): void => undefined;
    this.initialized = new Promise((resolve) => {
      initialized = resolve;
    });
    this.ended = this.#run(initialized);
  }

  get tree(): TreeId | undefined {
    return this.#tree?.id as TreeId | undefined;
  }

  /** As the server has introduced itself. */
  get version(): string | undefined {
    return this.#version;
  }

  async setTrace(level: TraceLevel): Promise<void> {
    this.#trace = level;
    await this.#client?.setTraceLevel(level);
  }

  /** Asks the server to end, as the protocol has it, and ends what is left then. */
  async stop(reason: string): Promise<void> {
    this.#stopReason = reason;
    if (this.#client?.state === State.Running) {
      await this.#client.stop(shutdownMillis).catch(() => undefined);
      if (await this.#endsWithinExitTime()) return;
    }
    await this.end(reason);
  }

  /** Without a word to the server. */
  async end(reason: string): Promise<void> {
    this.#stopReason = reason;
    if (this.#tree === undefined) this.#abort.abort(new Error(reason));
    else await this.#tree.stop(reason);
  }

  async #run(initialized: () => void): Promise<RunEnd> {
    const problem = await this.#start().then(
      () => undefined,
      (error: unknown) => errorText(error),
    );
    if (problem === undefined) initialized();
    const end = await this.#endOf(problem);
    this.#client?.close();
    this.#output.info(`The server has ended: ${end.reason}.`);
    return end;
  }

  /** @param problem Why its start has failed. */
  async #endOf(problem: string | undefined): Promise<RunEnd> {
    const tree = this.#tree;
    if (tree === undefined) return { type: 'startFailed', reason: problem ?? 'nothing was started' };
    const refusal = this.#client?.refusal;
    if (problem !== undefined && (refusal !== undefined || !(await this.#endsWithinExitTime()))) {
      const reason = refusal ?? problem;
      await tree.stop(reason);
      return { type: 'startFailed', reason };
    }
    const exit = await tree.exited;
    if (this.#failure !== undefined) return { type: 'ended', byItself: true, reason: this.#failure };
    if (this.#stopReason !== undefined) return { type: 'ended', byItself: false, reason: this.#stopReason };
    return { type: 'ended', byItself: endedByItself(exit, this.#parts.snapshotOf(tree.id as TreeId)), reason: exit.reason };
  }

  /** Resolves when the server has answered `initialize`. */
  async #start(): Promise<void> {
    const { name, spec, folder } = this.server;
    const { initializationOptions, settings } = await this.#parts.resolve(this.server);
    const client = new GuardedClient(
      {
        ...{ name, folder, initializationOptions, settings },
        documentSelector: selectorFor(spec.documentSelector, folder),
        configuration: spec.configuration ?? [],
        output: this.#output,
        requests: this.requests,
        connect: () => this.#connect(),
      },
      this.#trace,
    );
    this.#client = client;
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Stopped) void this.#connectionEnded();
    });
    await withinInitializeTime(client.begin());
    this.#version = introduction(name, client.initializeResult?.serverInfo);
  }

  async #connect(): Promise<MessageTransports> {
    const { transport = 'stdio' } = this.server.spec;
    if (transport === 'stdio') return overStdio(await this.#spawn());
    using listener = await Listener.open(transport);
    const tree = await this.#spawn(listener.address);
    writeLines(tree.stdout, this.#output);
    return await listener.connection(tree);
  }

  async #spawn(address?: ServerAddress): Promise<Tree> {
    const { name, spec } = this.server;
    const { command, cwd, env } = await this.#parts.resolve(this.server, address);
    const { limits, onLimit } = spec;
    this.#output.info(`Starting ${name}: ${JSON.stringify(command)}`);
    const tree = await this.#parts.spawn(`lsp:${name}`, command, {
      ...{ cwd, env, stop: stopSteps, signal: this.#abort.signal },
      ...(limits && { limits: limits as NonNullable<SpawnOptions['limits']> }),
      ...(onLimit && { onLimit }),
    });
    this.#tree = tree;
    writeLines(tree.stderr, this.#output);
    return tree;
  }

  /** A server without a connection is of no use, also where it lives on. */
  async #connectionEnded(): Promise<void> {
    const isWanted = (): boolean => this.#stopReason !== undefined;
    if (isWanted() || this.#tree === undefined || (await this.#endsWithinExitTime()) || isWanted()) return;
    this.#failure = 'its connection was closed';
    await this.#tree.stop(this.#failure);
  }

  async #endsWithinExitTime(): Promise<boolean> {
    return await Promise.race([this.#tree?.exited.then(() => true) ?? true, pause(exitMillis).then(() => false)]);
  }
}

/** @throws Error where the server has not answered by then. */
async function withinInitializeTime(starting: Promise<void>): Promise<void> {
  const calledOff = new AbortController();
  const late = pause(initializeMillis, calledOff.signal).then(() => {
    throw new Error(`the server did not answer “initialize” within ${initializeMillis / 1000} s`);
  });
  // One of the two is not waited for in the end.
  late.catch(() => undefined);
  starting.catch(() => undefined);
  await Promise.race([starting, late]).finally(() => calledOff.abort());
}
