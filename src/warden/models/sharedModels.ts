import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { isAnswer } from '../../protocol/answers.ts';
import { connected } from '../../protocol/connected.ts';
import { coreVersion, hello, spokenVersions } from '../../protocol/handshake.ts';
import type { DeclaredModels, GatewayInfo, ModelRequest, ModelSnapshot, RefusedModel } from '../../protocol/models.ts';
import * as messages from '../../protocol/models.ts';
import { openConnection } from '../../protocol/openConnection.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { version } from '../../protocol/version.ts';
import { RequestError } from '../requestError.ts';
import type { ModelDeclaration, ModelHost } from './modelHost.ts';

export interface SharedModelsParts {
  /** Of the socket of the model service. */
  readonly path: string;
  /** What the models are of, for people. */
  readonly lessee: string;
  onChange(): void;
  /** Shown to a person. */
  alert(message: Text): void;
  /** The service has gone, and with it what it served to this warden. */
  onLost(): void;
}

/** How long the service may take to answer for the first time, in milliseconds. */
const greetingMillis = 10_000;
/** How long it may take to answer a declaration, which starts nothing, in milliseconds. */
const leaseTimeoutMillis = 30_000;
/** How long it is waited for where what it has reported last will do, in milliseconds. */
const freshMillis = 1000;

/**
 * A lease of this warden on the model service of the user: what clients of this warden declare and ask for is asked of that. The lease is the connection: however this
 * warden ends, it ends, too.
 */
export class SharedModels implements ModelHost {
  readonly pid = undefined;
  readonly #parts: SharedModelsParts;
  readonly #connection: MessageConnection;
  readonly #socket: Socket;
  #info: GatewayInfo | undefined;
  /** As the service has listed them last, those of other clients among them. */
  #listed: readonly ModelSnapshot[] = [];
  #declared: readonly ModelRequest[] = [];
  /** What another client declares otherwise, with the reason. */
  #refused: ReadonlyMap<string, string> = new Map();
  #isGone = false;
  #isClosed = false;

  /** @throws RequestError where it does not answer, or speaks another version. */
  static async connect(parts: SharedModelsParts): Promise<SharedModels> {
    const socket = connect(parts.path);
    socket.setTimeout(greetingMillis, () => socket.destroy(new Error('it has not answered')));
    try {
      await connected(socket);
      const { connection, closed } = openConnection(socket, socket);
      connection.onError(() => undefined);
      const shared = new SharedModels(parts, socket, connection);
      connection.listen();
      void closed.then(() => {
        connection.dispose();
        shared.#lost();
      });
      await connection.sendRequest(hello, {
        protocol: coreVersion,
        version,
        versions: spokenVersions,
        client: `models of ${parts.lessee}`,
      });
      socket.setTimeout(0);
      return shared;
    } catch (error) {
      socket.destroy();
      throw isAnswer(error) ? error : serviceGone();
    }
  }

  private constructor(parts: SharedModelsParts, socket: Socket, connection: MessageConnection) {
    this.#parts = parts;
    this.#socket = socket;
    this.#connection = connection;
    connection.onNotification(messages.models, (snapshots) => {
      this.#listed = snapshots;
      parts.onChange();
    });
    connection.onNotification(messages.refusedModels, (refused) => void this.#refusedNow(refused));
  }

  get path(): string {
    return this.#parts.path;
  }

  /** The service has ended: it is of no use any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  get info(): GatewayInfo | undefined {
    return this.#info;
  }

  get problem(): Text | undefined {
    return this.#isGone && !this.#isClosed ? localizable('modelServiceGone') : undefined;
  }

  /** Those of other clients are not shown; one that is refused has failed, for what depends on it and for people. */
  get snapshots(): readonly ModelSnapshot[] {
    if (this.#isGone) return [];
    const listed = new Map(this.#listed.map((snapshot) => [snapshot.name, snapshot]));
    return this.#declared.flatMap((model): ModelSnapshot | [] => {
      const reason = this.#refused.get(model.name);
      const snapshot = reason === undefined ? listed.get(model.name) : refusedSnapshot(model, reason);
      return snapshot ? { ...snapshot, isShared: true } : [];
    });
  }

  async freshSnapshots(): Promise<readonly ModelSnapshot[]> {
    const fresh = this.#ask(() => this.#connection.sendRequest(messages.listModels)).then(
      (snapshots) => {
        this.#listed = snapshots;
      },
      () => undefined, // It has just ended.
    );
    // Where the service does not answer, this warden still does.
    await Promise.race([fresh, sleep(freshMillis, undefined, { ref: false })]);
    return this.snapshots;
  }

  /** The service is scraped itself where its metrics are served. */
  serverMetrics(): Promise<string> {
    return Promise.resolve('');
  }

  /** The service tells that itself. */
  activity(): Promise<null> {
    return Promise.resolve(null);
  }

  /** The service is asked for that itself, too. */
  keepBodies(): Promise<never> {
    return Promise.reject(new RequestError('notPossible', 'What requests say is kept by the model service of this user: ask that.'));
  }

  bodies(): Promise<null> {
    return Promise.resolve(null);
  }

  async declare({ models, gateway }: ModelDeclaration): Promise<DeclaredModels> {
    const { lessee } = this.#parts;
    // One that is stopped would be waited for as long as it is: without it, the client is told that it does not answer.
    const deadline = setTimeout(() => this.#socket.destroy(), leaseTimeoutMillis);
    const answer = await this.#ask(() => this.#connection.sendRequest(messages.leaseModels, { lessee, models, gateway })).finally(() =>
      clearTimeout(deadline),
    );
    this.#refuse(answer.refused ?? []);
    this.#declared = models;
    this.#info = { url: answer.url, token: answer.token };
    await this.freshSnapshots();
    this.#parts.onChange();
    return answer;
  }

  async load(model: string, instances?: number): Promise<ModelSnapshot> {
    this.#assertServed(model);
    return await this.#ask(() =>
      this.#connection.sendRequest(messages.loadModel, { model, ...(instances !== undefined && { instances }) }),
    );
  }

  async unload(model: string, now: boolean): Promise<ModelSnapshot> {
    this.#assertServed(model);
    return await this.#ask(() => this.#connection.sendRequest(messages.unloadModel, { model, now }));
  }

  /** Their trees are the service's. */
  restart(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  startAgain(): Promise<void> {
    return Promise.resolve();
  }

  /** Ends the lease. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#connection.dispose();
    this.#socket.destroy();
    return Promise.resolve();
  }

  /** The service knows the name, as that of another client's model. */
  #assertServed(model: string): void {
    const reason = this.#refused.get(model);
    if (reason !== undefined) throw new RequestError('notPossible', reason);
  }

  /** Another client has declared other models, or has gone. */
  async #refusedNow(refused: readonly RefusedModel[]): Promise<void> {
    const before = this.#refused;
    this.#refuse(refused);
    for (const { name, reason } of refused) if (before.get(name) !== reason) this.#parts.alert(reason);
    await this.freshSnapshots();
    this.#parts.onChange();
  }

  #refuse(refused: readonly RefusedModel[]): void {
    this.#refused = new Map(refused.map(({ name, reason }) => [name, reason]));
  }

  #lost(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    if (this.#isClosed) return;
    this.#parts.onChange();
    // Where it has never served anything, the error of the declaration says so, and starts the next one.
    if (this.#info) this.#parts.onLost();
  }

  async #ask<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isGone) throw serviceGone();
    try {
      return await work();
    } catch (error) {
      throw isAnswer(error) ? error : serviceGone();
    }
  }
}

function refusedSnapshot({ name, aliases, description, runtime, instances }: ModelRequest, reason: string): ModelSnapshot {
  return {
    ...{ name, aliases, runtime, state: 'failed', reason, instances: [], wanted: instances, outstanding: 0, capacity: 0, queued: 0 },
    ...(description !== undefined && { description }),
    statistics: { requests: 0, failures: 0, inputTokens: 0, outputTokens: 0 },
  };
}

function serviceGone(): RequestError {
  return new RequestError('notPossible', String(localizable('modelServiceGone')), 'modelServiceGone');
}
