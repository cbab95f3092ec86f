import { type MessageConnection, type NotificationType, type RequestType, type RequestType0, ResponseError } from 'vscode-jsonrpc/node';
import { commonVersion, coreMethods, type Side, versionNeeded, versionsOf } from '../protocol/core.ts';
import { reasonOf, textOfError } from '../protocol/errorReasons.ts';
import * as external from '../protocol/externalRequests.ts';
import * as figures from '../protocol/figures.ts';
import type { Hello, Welcome } from '../protocol/handshake.ts';
import * as handshake from '../protocol/handshake.ts';
import { type HelperName, startHelper } from '../protocol/helpers.ts';
import type { TreeId } from '../protocol/identity.ts';
import { ifConnected } from '../protocol/ifConnected.ts';
import type { Inspection } from '../protocol/inspection.ts';
import * as inspection from '../protocol/inspection.ts';
import { modelActivity } from '../protocol/modelActivity.ts';
import * as models from '../protocol/models.ts';
import type { OutputRequest } from '../protocol/output.ts';
import * as outputs from '../protocol/output.ts';
import * as ownership from '../protocol/ownership.ts';
import * as remote from '../protocol/remoteRequests.ts';
import { keepBodies, requestBodies } from '../protocol/requestBodies.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { period } from '../protocol/timers.ts';
import * as requests from '../protocol/treeRequests.ts';
import { version } from '../protocol/version.ts';
import * as watching from '../protocol/watching.ts';
import { JobSession } from './jobRequests.ts';
import type { Journal } from './journal.ts';
import type { ModelService } from './models/modelService.ts';
import { answerNameRequests, NamePush } from './nameRequests.ts';
import { RequestError } from './requestError.ts';
import { sendInput } from './sendInput.ts';
import type { Supervisor } from './supervisor.ts';
import { TreeFeed } from './treeFeed.ts';
import { snapshotOf } from './trees/snapshot.ts';
import type { Tree } from './trees/tree.ts';

export interface ServerParts {
  readonly supervisor: Supervisor;
  readonly models: ModelService;
  readonly journal: Journal;
  welcome(): Welcome;
  /** See {@link AdmittedSocket}. */
  greeted(): void;
  standsFor(tree: TreeId): void;
  inspect(): Inspection;
  selfCheck(): readonly string[];
  /** Alerts from before a client was connected. */
  takeMissedAlerts(): watching.Alert[];
  /** A user wants it running, whatever it has done before. */
  startHelper(helper: HelperName): Promise<void>;
  /** Ends the warden once every tree is gone. */
  shutdown(reason: string, now: boolean): Promise<void>;
  releaseOwnership(session: ClientSession, keepMillis: number): void;
  takeOwnership(session: ClientSession): Promise<void>;
  /** @throws RequestError where the warden is not the model service. */
  leaseModels(lessee: ClientSession, lease: models.ModelLease): Promise<models.DeclaredModels>;
  /** Answers with the time that is left now, in milliseconds. @throws RequestError where the warden has no lease. */
  renewLease(): number;
}

/** Time within which changes of models are sent together, or longer where there are many servers, in milliseconds. */
const shortestGatherMillis = 100;

/** One client, from its hello to its end. Every client may do everything: only this user can open the socket. */
export class ClientSession {
  readonly #connection: MessageConnection;
  readonly #parts: ServerParts;
  readonly #outputs = new Map<number, { acknowledge(end: number): void; cancel(): void }>();
  readonly #names: NamePush;
  readonly #jobs: JobSession;
  readonly #unlisten: readonly (() => void)[];
  #client: Side | undefined;
  /** The version of the whole protocol that the client shares; without one, only the core is answered. */
  #spoken: number | undefined;
  readonly #trees: TreeFeed;
  #modelsDue: NodeJS.Timeout | undefined;
  #isLessee = false;
  #lastSubscription = 0;

  constructor(connection: MessageConnection, parts: ServerParts) {
    this.#connection = connection;
    this.#parts = parts;
    this.#names = new NamePush(connection, parts.supervisor.declarations);
    this.#trees = new TreeFeed(parts.supervisor, (change) => {
      this.#names.push();
      void ifConnected(() => connection.sendNotification(watching.treesChanged, change));
    });
    this.#unlisten = [
      parts.supervisor.news.listen(this.#trees),
      parts.models.onChange(() => this.#pushModelsSoon()),
      parts.models.onServiceLost(() => void ifConnected(() => connection.sendNotification(models.modelServiceLost))),
    ];
    this.#handleRequests();
    this.#jobs = new JobSession((request, work) => this.#on(request, work), parts.supervisor.declarations.jobs);
    this.#handleModels();
    this.#handleExternal();
    this.#handleOutput();
    connection.onError(() => undefined);
    connection.listen();
  }

  /** False where the client has not introduced itself, or speaks another version. */
  alert(alert: watching.Alert): boolean {
    if (this.#spoken === undefined) return false;
    void ifConnected(() => this.#connection.sendNotification(watching.alert, alert));
    return true;
  }

  /** See {@link models.refusedModels}. */
  tellRefused(refused: readonly models.RefusedModel[]): void {
    void ifConnected(() => this.#connection.sendNotification(models.refusedModels, refused));
  }

  dispose(): void {
    for (const unlisten of this.#unlisten) unlisten();
    clearTimeout(this.#modelsDue);
    this.#trees.dispose();
    this.#jobs.dispose();
    for (const subscription of this.#outputs.values()) subscription.cancel();
    this.#outputs.clear();
    if (this.#client !== undefined) this.#parts.journal.write({ event: 'client-left', reason: this.#client.name });
    this.#connection.dispose();
  }

  #handleRequests(): void {
    const { supervisor, models: pools } = this.#parts;
    this.#connection.onRequest(handshake.hello, (hello) => this.#greet(hello));
    this.#on(requests.start, (request) => supervisor.start(request));
    this.#on(requests.stop, (request) => supervisor.stop(request));
    this.#on(requests.restart, async (request) => (await pools.restart(request.tree)) ?? (await supervisor.restart(request)));
    this.#on(requests.signal, (request) => supervisor.signal(request));
    this.#on(requests.list, () => this.#freshSnapshots());
    this.#on(figures.details, ({ tree, pid }) => supervisor.findAny(tree).details(pid));
    this.#on(figures.history, ({ tree }) => supervisor.findAny(tree).metrics.history.series);
    this.#on(inspection.inspect, () => this.#parts.inspect());
    this.#on(inspection.selfCheck, () => this.#parts.selfCheck());
    this.#on(watching.watch, (request) => this.#trees.watch(request.intervalMillis, request.external));
    this.#on(startHelper, async ({ helper }) => {
      await this.#parts.startHelper(helper);
      return null;
    });
    this.#on(requests.shutdown, ({ reason, now }) => this.#parts.shutdown(reason, now));
    this.#on(remote.remoteStart, ({ tree }) => supervisor.remote.startOf(this.#standsFor(tree)));
    this.#onNews(remote.remoteReport, ({ tree, ...view }) => supervisor.remote.report(this.#standsFor(tree), view));
    this.#on(remote.renewLease, () => this.#parts.renewLease());
    this.#onNews(ownership.releaseOwnership, ({ keepMillis }) => this.#parts.releaseOwnership(this, keepMillis));
    this.#on(ownership.takeOwnership, () => this.#parts.takeOwnership(this));
    answerNameRequests((request, work) => this.#on(request, work), supervisor.declarations);
  }

  #standsFor(id: TreeId): Tree {
    const tree = this.#parts.supervisor.find(id);
    this.#parts.standsFor(id);
    return tree;
  }

  #handleExternal(): void {
    const { supervisor } = this.#parts;
    this.#on(external.follow, (request) => snapshotOf(supervisor.external.follow(request)));
    this.#on(external.setGuard, ({ tree, guard }) => {
      supervisor.external.setGuard(supervisor.findExternal(tree), guard);
      return snapshotOf(supervisor.findExternal(tree));
    });
    this.#on(external.forget, ({ tree }) => supervisor.external.forget(supervisor.findExternal(tree)));
    this.#on(external.markHosts, ({ host, marked }) => supervisor.external.markHosts(host, marked));
    this.#on(external.hostChildren, ({ host }) => supervisor.external.hostChildren(host));
  }

  #handleModels(): void {
    const pools = this.#parts.models;
    this.#on(models.declareModels, (declared) => pools.declare(declared));
    this.#on(models.leaseModels, (lease) => {
      this.#isLessee = true;
      return this.#parts.leaseModels(this, lease);
    });
    this.#on(modelActivity, (request) => pools.activity(request));
    this.#on(keepBodies, async ({ keep }) => {
      await pools.keepBodies(keep);
      return null;
    });
    this.#on(requestBodies, (request) => pools.bodies(request));
    this.#on(models.gateway, () => pools.info);
    this.#on(models.listModels, () => pools.freshSnapshots());
    this.#on(models.loadModel, ({ model, instances }) => pools.load(model, instances));
    this.#on(models.unloadModel, ({ model, now }) => pools.unload(model, now));
  }

  #handleOutput(): void {
    const { supervisor } = this.#parts;
    this.#on(outputs.subscribeOutput, (request) => this.#subscribe(request));
    this.#on(outputs.outputLog, async ({ tree }) => {
      const { output } = supervisor.find(tree);
      await output.flushTimes();
      return output.log ?? null;
    });
    this.#onNews(outputs.acknowledgeOutput, ({ subscription, end }) => this.#outputs.get(subscription)?.acknowledge(end));
    this.#onNews(outputs.unsubscribeOutput, ({ subscription }) => {
      this.#outputs.get(subscription)?.cancel();
      this.#outputs.delete(subscription);
    });
    // A key pressed in a terminal whose tree has just ended is no error.
    this.#onNews(outputs.input, ({ tree, base64 }) => supervisor.find(tree).link?.write(Buffer.from(base64, 'base64')));
    this.#on(outputs.sendInput, ({ tree, base64 }) => {
      sendInput(supervisor.find(tree), Buffer.from(base64, 'base64'));
      return null;
    });
    this.#onNews(outputs.resize, ({ tree, ...dimensions }) => supervisor.find(tree).link?.resize(dimensions));
  }

  /** Every version is welcome: what both have in common decides what it may ask for. */
  #greet(hello: Hello): Welcome {
    const welcome = this.#parts.welcome();
    const versions = versionsOf(hello);
    this.#client = { name: hello.client, versions };
    this.#spoken = commonVersion(handshake.spokenVersions, versions);
    this.#parts.greeted();
    const ofAnotherVersion = this.#spoken === undefined ? ` (${hello.version}, protocol ${versions.max})` : '';
    this.#parts.journal.write({ event: 'client-connected', reason: `${hello.client}${ofAnotherVersion}` });
    // Behind the answer: before it, the client does not listen yet.
    setImmediate(() => this.#parts.takeMissedAlerts().forEach((alert) => void this.alert(alert)));
    return welcome;
  }

  #on<P, R>(request: RequestType<P, R, void> | RequestType0<R, void>, work: (params: P) => R | Promise<R>): void {
    const { method } = request;
    this.#connection.onRequest(method, async (params: P): Promise<unknown> => {
      this.#assertAnswered(method);
      try {
        return await work(params);
      } catch (error) {
        throw error instanceof ResponseError ? error : new RequestError('notPossible', textOfError(error), reasonOf(error));
      }
    });
  }

  /** What has no answer; from a client of another version, it is ignored. */
  #onNews<P>(notification: NotificationType<P>, work: (params: P) => void): void {
    this.#connection.onNotification(notification, (params) => {
      if (this.#spoken === undefined) return;
      try {
        work(params);
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
      }
    });
  }

  /** @throws RequestError where the client has not introduced itself, or speaks only versions without this request. */
  #assertAnswered(method: string): void {
    if (this.#client === undefined) throw new RequestError('versionMismatch', 'The first request must be hello.');
    if (this.#spoken !== undefined || coreMethods.has(method)) return;
    const warden = { name: `the warden ${version}`, versions: handshake.spokenVersions };
    throw new RequestError('versionMismatch', versionNeeded(method, this.#client, warden), 'versionNeeded');
  }

  async #freshSnapshots(): Promise<TreeSnapshot[]> {
    await this.#parts.supervisor.sample();
    return this.#parts.supervisor.snapshots();
  }

  /** Each request changes something: what comes close together is sent at once. */
  #pushModelsSoon(): void {
    if (!this.#trees.isWatched && !this.#isLessee) return;
    this.#modelsDue ??= setTimeout(
      () => {
        this.#modelsDue = undefined;
        void ifConnected(() => this.#connection.sendNotification(models.models, this.#parts.models.snapshots));
      },
      period(models.gatherMillis(shortestGatherMillis, this.#parts.models.snapshots)),
    );
  }

  #subscribe({ tree, from, whenBehind, follow }: OutputRequest): number {
    const subscription = ++this.#lastSubscription;
    const reader = {
      whenBehind,
      deliver: (chunk: Buffer, end: number, skipped: number) =>
        void ifConnected(() =>
          this.#connection.sendNotification(outputs.output, { subscription, end, skipped, base64: chunk.toString('base64') }),
        ),
      finish: () => {
        this.#outputs.delete(subscription);
        void ifConnected(() => this.#connection.sendNotification(outputs.outputEnd, { subscription }));
      },
    };
    this.#outputs.set(subscription, this.#parts.supervisor.find(tree).output.subscribe(reader, from, follow));
    return subscription;
  }
}
