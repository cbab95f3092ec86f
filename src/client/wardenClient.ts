/** A warden, as its clients see it: the extension, the command line and agents. */
import { connect } from 'node:net';
import { type Disposable, Emitter, type MessageConnection, type RequestType, type RequestType0, ResponseError } from 'vscode-jsonrpc';
import { connected } from '../protocol/connected.ts';
import { commonVersion, coreMethods, notTakenOver, type Side, versionNeeded, versionsOf } from '../protocol/core.ts';
import { errorCodes } from '../protocol/errorCodes.ts';
import type { ErrorData } from '../protocol/errorReasons.ts';
import type { Details, History } from '../protocol/figures.ts';
import * as figures from '../protocol/figures.ts';
import { coreVersion, hello, spokenVersions, type Welcome } from '../protocol/handshake.ts';
import { type HelperName, startHelper } from '../protocol/helpers.ts';
import type { TreeId } from '../protocol/identity.ts';
import { ifConnected } from '../protocol/ifConnected.ts';
import type { Inspection } from '../protocol/inspection.ts';
import * as inspection from '../protocol/inspection.ts';
import { type ActivityPage, type ActivityRequest, modelActivity } from '../protocol/modelActivity.ts';
import * as models from '../protocol/models.ts';
import { type OpenConnection, openConnection } from '../protocol/openConnection.ts';
import type { OutputLog, OutputRequest } from '../protocol/output.ts';
import * as outputs from '../protocol/output.ts';
import * as ownership from '../protocol/ownership.ts';
import * as remote from '../protocol/remoteRequests.ts';
import { type BodiesRequest, type KeptBodies, keepBodies, requestBodies } from '../protocol/requestBodies.ts';
import type { RemoteStatus } from '../protocol/runner.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import type { Dimensions, RemoteStart, StartRequest } from '../protocol/startRequest.ts';
import { applyChange } from '../protocol/treeChanges.ts';
import type { RestartRequest, SignalRequest, StopRequest } from '../protocol/treeRequests.ts';
import * as requests from '../protocol/treeRequests.ts';
import { version } from '../protocol/version.ts';
import * as watching from '../protocol/watching.ts';
import { ExternalClient } from './externalClient.ts';
import { JobClient } from './jobClient.ts';
import { watchByListing } from './listWatch.ts';
import { NameClient } from './nameClient.ts';
import { OutputStream } from './outputStream.ts';
import { type OutputListener, type OutputSubscription, OutputSubscriptions } from './outputSubscriptions.ts';
import { answerOf, WardenGoneError } from './wardenGone.ts';

export class WardenClient {
  readonly welcome: Welcome;
  readonly names: NameClient;
  readonly external: ExternalClient;
  readonly jobs: JobClient;
  readonly #connection: MessageConnection;
  readonly #hangUp: () => void;
  readonly #outputs: OutputSubscriptions;
  readonly #name: string;
  readonly #closed = new Emitter<void>();
  readonly #trees = new Emitter<readonly TreeSnapshot[]>();
  readonly #models = new Emitter<readonly models.ModelSnapshot[]>();
  readonly #serviceLost = new Emitter<void>();
  #isDisposed = false;
  /** As the warden has sent them, where it is watched. */
  #known: readonly TreeSnapshot[] = [];
  #listing: Disposable | undefined;
  readonly #missedAlerts: watching.Alert[] = [];
  #alertListener: (alert: watching.Alert) => void = (alert) => void this.#missedAlerts.push(alert);

  /**
   * Introduces this client to the warden. `hangUp` ends the connection, where its end is not the caller's.
   * @throws WardenGoneError where the warden ends first.
   */
  static async greet({ connection, closed }: OpenConnection, client: string, hangUp: () => void = () => undefined): Promise<WardenClient> {
    connection.onError(() => undefined);
    connection.listen();
    // Ends the requests that wait for an answer.
    void closed.then(() => connection.dispose());
    const welcome = await answerOf(() =>
      connection.sendRequest(hello, { protocol: coreVersion, version, versions: spokenVersions, client }),
    );
    return new WardenClient(client, connection, closed, welcome, hangUp);
  }

  private constructor(name: string, connection: MessageConnection, closed: Promise<void>, welcome: Welcome, hangUp: () => void) {
    this.#name = name;
    this.#connection = connection;
    this.#hangUp = hangUp;
    this.welcome = welcome;
    this.names = new NameClient(connection, (request, params) => this.#ask(request, params));
    this.jobs = new JobClient((request, params) => this.#ask(request, params));
    this.external = new ExternalClient((request, params) => this.#ask(request, params));
    this.#outputs = new OutputSubscriptions(connection, (request) => this.#ask(outputs.subscribeOutput, request));
    connection.onNotification(watching.alert, (alert) => this.#alertListener(alert));
    connection.onNotification(watching.treesChanged, (change) => this.#take(applyChange(this.#known, change)));
    connection.onNotification(models.models, (snapshots) => this.#models.fire(snapshots));
    connection.onNotification(models.modelServiceLost, () => this.#serviceLost.fire());
    void closed.then(() => {
      this.#outputs.close();
      this.#listing?.dispose();
      if (!this.#isDisposed) this.#closed.fire();
    });
  }

  /** The warden has closed the connection, and what came before is dealt with. Our own {@link dispose} is not told. */
  onClose(listener: () => void): Disposable {
    return this.#closed.event(listener);
  }

  onTrees(listener: (trees: readonly TreeSnapshot[]) => void): Disposable {
    return this.#trees.event(listener);
  }

  /** Takes the place of the listener before it, and gets the alerts that had none. */
  onAlert(listener: (alert: watching.Alert) => void): Disposable {
    this.#alertListener = listener;
    for (const alert of this.#missedAlerts.splice(0)) listener(alert);
    return {
      dispose: () => {
        if (this.#alertListener === listener) this.#alertListener = (alert) => void this.#missedAlerts.push(alert);
      },
    };
  }

  async start(request: StartRequest): Promise<TreeSnapshot> {
    return await this.#ask(requests.start, request);
  }

  async stop(request: StopRequest): Promise<TreeSnapshot> {
    return await this.#ask(requests.stop, request);
  }

  async restart(request: RestartRequest): Promise<TreeSnapshot> {
    return await this.#ask(requests.restart, request);
  }

  async signal(request: SignalRequest): Promise<void> {
    return await this.#ask(requests.signal, request);
  }

  async list(): Promise<readonly TreeSnapshot[]> {
    return await this.#ask(requests.list);
  }

  /** Of one member, or of the tree as a whole. */
  async details(tree: TreeId, pid?: number): Promise<Details> {
    return await this.#ask(figures.details, { tree, ...(pid !== undefined && { pid }) });
  }

  async history(tree: TreeId): Promise<History> {
    return await this.#ask(figures.history, { tree });
  }

  /** `service`: path of the socket of the model service that is to serve them; see {@link declareWhereServed}. */
  async declareModels(
    declared: readonly models.ModelRequest[],
    gateway: models.GatewayOptions,
    service?: string,
  ): Promise<models.DeclaredModels> {
    return await this.#ask(models.declareModels, { models: declared, gateway, ...(service !== undefined && { service }) });
  }

  /** Null where no models are declared. */
  async gateway(): Promise<models.GatewayInfo | null> {
    return await this.#ask(models.gateway);
  }

  async models(): Promise<readonly models.ModelSnapshot[]> {
    return await this.#ask(models.listModels);
  }

  /** What was asked lately; null where another warden knows that. */
  async modelActivity(request: ActivityRequest): Promise<ActivityPage | null> {
    return await this.#ask(modelActivity, request);
  }

  /** Whether what models are asked and answer is kept from now on; switched off, what was kept is gone. */
  async keepBodies(keep: boolean): Promise<void> {
    await this.#ask(keepBodies, { keep });
  }

  /** Null where they are not kept, or not any more. */
  async requestBodies(request: BodiesRequest): Promise<KeptBodies | null> {
    return await this.#ask(requestBodies, request);
  }

  /** Resolves when as many instances are ready as are wanted; with another number of them where one is given. */
  async loadModel(model: string, instances?: number): Promise<models.ModelSnapshot> {
    return await this.#ask(models.loadModel, { model, ...(instances !== undefined && { instances }) });
  }

  /** Resolves when its processes are gone. */
  async unloadModel(model: string, now = false): Promise<models.ModelSnapshot> {
    return await this.#ask(models.unloadModel, { model, now });
  }

  /** Sent to a client that has called {@link watch}. */
  onModels(listener: (models: readonly models.ModelSnapshot[]) => void): Disposable {
    return this.#models.event(listener);
  }

  /** The model service that serves what was declared has gone. */
  onModelServiceLost(listener: () => void): Disposable {
    return this.#serviceLost.event(listener);
  }

  /** Resolves when the helper is running again, which was not restarted automatically any more. */
  async startHelper(helper: HelperName): Promise<void> {
    await this.#ask(startHelper, { helper });
  }

  async inspect(): Promise<Inspection> {
    return await this.#ask(inspection.inspect);
  }

  async selfCheck(): Promise<readonly string[]> {
    return await this.#ask(inspection.selfCheck);
  }

  /** Interval of the samples in milliseconds; 0: transitions only. A warden of another version is asked for lists instead. */
  async watch(intervalMillis: number, withExternal = false): Promise<readonly TreeSnapshot[]> {
    this.#listing?.dispose();
    if (!this.hasOnlyCore) {
      this.#known = await this.#ask(watching.watch, { intervalMillis, ...(withExternal && { external: true }) });
      return this.#known;
    }
    this.#listing = watchByListing(
      () => this.list(),
      intervalMillis,
      (trees) => this.#take(trees),
    );
    return await this.list();
  }

  /** Resolves when no process is left. */
  async shutdown(reason: string, now = false): Promise<void> {
    return await this.#ask(requests.shutdown, { reason, now });
  }

  /** Gives the trees up, without waiting: the warden ends them, or keeps them for so long for the client that takes them. */
  async releaseOwnership(keepMillis = 0): Promise<void> {
    await this.#connection.sendNotification(ownership.releaseOwnership, { keepMillis });
  }

  /**
   * Makes this client the owner of a warden whose owner has released it.
   * @throws Error where it has one.
   */
  async takeOwnership(): Promise<void> {
    return await this.#ask(ownership.takeOwnership);
  }

  /** Of a tree that this client stands for: what it is to start elsewhere. */
  async remoteStart(tree: TreeId): Promise<RemoteStart> {
    return await this.#ask(remote.remoteStart, { tree });
  }

  /** Of the same: how it is getting on there; there is no answer. */
  reportRemote(tree: TreeId, status: RemoteStatus, figures?: remote.RemoteFigures): void {
    void ifConnected(() => this.#connection.sendNotification(remote.remoteReport, { tree, status, ...(figures && { figures }) }));
  }

  /** Answers with the time for which the warden lives on without another call, in milliseconds. @throws ResponseError where it has no lease. */
  async renewLease(): Promise<number> {
    return await this.#ask(remote.renewLease);
  }

  input(tree: TreeId, data: Buffer): void {
    void ifConnected(() => this.#connection.sendNotification(outputs.input, { tree, base64: data.toString('base64') }));
  }

  /** As {@link input}. @throws ResponseError with a sentence where the process takes no input. */
  async sendInput(tree: TreeId, data: Buffer): Promise<void> {
    await this.#ask(outputs.sendInput, { tree, base64: data.toString('base64') });
  }

  resize(tree: TreeId, dimensions: Dimensions): void {
    void ifConnected(() => this.#connection.sendNotification(outputs.resize, { tree, ...dimensions }));
  }

  /** Null where there is no complete log of it. */
  async outputLog(tree: TreeId): Promise<OutputLog | null> {
    return await this.#ask(outputs.outputLog, { tree });
  }

  /** A tree's output as an async iterable, which ends with the output, when the loop is left, or when it is disposed. */
  output(request: OutputRequest): OutputStream {
    return new OutputStream(this, request);
  }

  /** Reads on until the tree has ended, the subscription is cancelled, or the connection closes; see {@link OutputSubscription.ended}. */
  readOutput(request: OutputRequest, listener: OutputListener): OutputSubscription {
    return this.#outputs.open(request, listener);
  }

  #take(trees: readonly TreeSnapshot[]): void {
    this.#known = trees;
    this.#trees.fire(trees);
  }

  /** Whether the warden speaks a version of the protocol that this client does not, so that only {@link coreMethods} are answered. */
  get hasOnlyCore(): boolean {
    return commonVersion(spokenVersions, versionsOf(this.welcome)) === undefined;
  }

  /** @throws ResponseError with the reason `versionNeeded` where the warden does not have this request. */
  async #ask<P, R>(request: RequestType<P, R, void> | RequestType0<R, void>, params?: P): Promise<R> {
    const { method } = request;
    if (this.hasOnlyCore && !coreMethods.has(method)) throw this.#versionNeeded(method);
    return await answerOf(() =>
      params === undefined ? this.#connection.sendRequest<R>(method) : this.#connection.sendRequest<R>(method, params),
    );
  }

  /** Why the warden cannot be taken over, and what to do, as sentences; undefined where its version is no reason. */
  get versionProblem(): string | undefined {
    return this.hasOnlyCore ? notTakenOver(...this.#sides) : undefined;
  }

  get #sides(): [client: Side, warden: Side] {
    const { pid, version: wardenVersion } = this.welcome;
    return [
      { name: `${this.#name} ${version}`, versions: spokenVersions },
      { name: `the warden ${wardenVersion} (pid ${pid})`, versions: versionsOf(this.welcome) },
    ];
  }

  #versionNeeded(method: string): ResponseError<ErrorData> {
    const [client, warden] = this.#sides;
    return new ResponseError(errorCodes.versionMismatch, versionNeeded(method, client, warden), { reason: 'versionNeeded' });
  }

  /** Every request that waits is refused, and every subscription ends. */
  dispose(): void {
    this.#isDisposed = true;
    this.#listing?.dispose();
    this.#connection.dispose();
    this.#outputs.close();
    this.#hangUp();
  }
}

/** How long a warden may take to answer on its socket, in milliseconds. */
const connectMillis = 3000;
/** System errors of a socket whose listener has ended, or ends at this moment. */
export const goneCodes: readonly (string | undefined)[] = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'];

/**
 * Speaks to a warden by its socket.
 * @throws WardenGoneError where it has ended; Error where it does not answer in time.
 */
export async function connectToWarden(socketPath: string, client: string): Promise<WardenClient> {
  const socket = connect(socketPath);
  const silence = new Error('it does not answer');
  const deadline = setTimeout(() => socket.destroy(silence), connectMillis);
  try {
    await connected(socket);
    const failed = new Promise<never>((_, reject) => socket.once('close', () => reject(socket.errored ?? new WardenGoneError())));
    return await Promise.race([WardenClient.greet(openConnection(socket, socket), client, () => socket.destroy()), failed]);
  } catch (error) {
    socket.destroy();
    if (socket.errored === silence) throw silence;
    throw goneCodes.includes((error as NodeJS.ErrnoException).code) ? new WardenGoneError(error) : error;
  } finally {
    clearTimeout(deadline);
  }
}
