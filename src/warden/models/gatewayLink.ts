import type { MessageConnection, RequestType, RequestType0 } from 'vscode-jsonrpc/node';
import type { Platform, ProcessIdentity } from '../../platform/platform.ts';
import { isAnswer } from '../../protocol/answers.ts';
import { errorText } from '../../protocol/errors.ts';
import * as messages from '../../protocol/gateway.ts';
import type { TreeId } from '../../protocol/identity.ts';
import { ifConnected } from '../../protocol/ifConnected.ts';
import { type ActivityPage, type ActivityRequest, gatewayActivity } from '../../protocol/modelActivity.ts';
import type { MeasuredMemory } from '../../protocol/modelMemory.ts';
import { type GatewayInfo, type GatewayOptions, isServed, type ModelRequest, type ModelSnapshot } from '../../protocol/models.ts';
import { maxInstances } from '../../protocol/policies.ts';
import { type BodiesRequest, gatewayBodies, gatewayKeepBodies, type KeptBodies } from '../../protocol/requestBodies.ts';
import { RestartBudget } from '../../protocol/restartBudget.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { budgetFolder } from '../../records/budgetFiles.ts';
import { keepModelMemory, readModelMemory } from '../../records/modelMemory.ts';
import { HelperProcess } from '../helperProcess.ts';
import type { Journal } from '../journal.ts';
import type { Observers } from '../observers.ts';
import { RequestError } from '../requestError.ts';
import type { Supervisor } from '../supervisor.ts';
import { BudgetLedger } from './budgetLedger.ts';
import { gatewayArguments } from './gatewayCommand.ts';
import { memoryKey } from './memoryKey.ts';
import type { ModelDeclaration, ModelHost } from './modelHost.ts';
import { ModelServers } from './modelServers.ts';

export interface GatewayLinkParts {
  readonly supervisor: Supervisor;
  readonly platform: Platform;
  readonly journal: Pick<Journal, 'write'>;
  readonly observers: Pick<Observers, 'run'>;
  /** Folder of the bundles. */
  readonly programFolder: string;
  /** How many files the gateway process may have open. */
  readonly descriptors: number;
  onSpawned(process: ProcessIdentity): void;
  onCollected(process: ProcessIdentity): void;
  /** Shown to a person. */
  alert(message: Text): void;
  /** The gateway is not restarted automatically: `problem` says so, for a person. */
  onGivenUp(problem: Text): void;
  onChange(): void;
}

/**
 * The warden's side of its models: the gateway process, and what outlives it. When the process ends, another one takes its place at the same address, with the same
 * token, and takes over the servers that are running; the requests that it was answering have ended with an error.
 */
export class GatewayLink implements ModelHost {
  readonly #parts: GatewayLinkParts;
  readonly #servers: ModelServers;
  readonly #ledger: BudgetLedger;
  readonly #restarts = new RestartBudget();
  #declaration: ModelDeclaration | undefined;
  #info: GatewayInfo | undefined;
  #snapshots: readonly ModelSnapshot[] = [];
  #process: HelperProcess | undefined;
  /** Resolves when the process can be asked. */
  #starting: Promise<HelperProcess> | undefined;
  #problem: Text | undefined;
  #isClosing = false;

  constructor(parts: GatewayLinkParts) {
    this.#parts = parts;
    const notify = <P>(type: { readonly method: string; readonly _?: P }, params: object): void => {
      const connection = this.#process?.connection;
      if (connection) void ifConnected(() => connection.sendNotification(type.method, params));
    };
    this.#ledger = new BudgetLedger({
      folder: budgetFolder(),
      observers: parts.observers,
      presentAt: () => Date.now(),
      onElsewhere: (id, spent) => notify(messages.budgetSpentElsewhere, { id, spent }),
    });
    this.#servers = new ModelServers(parts.supervisor, parts.platform, {
      onReady: (key) => notify(messages.serverReady, { key }),
      onProgress: (key, progress) => notify(messages.serverProgress, { key, ...progress }),
      onHealth: (key, isHealthy) => notify(messages.serverHealth, { key, isHealthy }),
      onEnded: (key, end) => notify(messages.serverEnded, { key, end }),
      onExpiring: (tree) => void this.#replace(tree),
      onMeasured: (key, { name }, measured) => {
        this.#keep(key, name, measured);
        const declared = this.#declaration?.models.find((model) => model.name === name);
        // It may have been declared otherwise since the server was started.
        if (declared && isServed(declared) && memoryKey(declared) === key) notify(messages.modelMeasured, { model: name, measured });
      },
    });
  }

  /** Of the gateway process; undefined where there is none at present. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get info(): GatewayInfo | undefined {
    return this.#info;
  }

  /** Why there is no gateway although models are declared, as a sentence. */
  get problem(): Text | undefined {
    return this.#problem;
  }

  /** As the gateway has reported them last. */
  get snapshots(): readonly ModelSnapshot[] {
    return this.#snapshots;
  }

  /** As they are now; as they were last where the gateway does not answer. */
  async freshSnapshots(): Promise<readonly ModelSnapshot[]> {
    try {
      const process = await this.#starting;
      if (process) this.#snapshots = await process.connection.sendRequest(messages.snapshots);
    } catch {
      // It has just ended.
    }
    return this.#snapshots;
  }

  async serverMetrics(): Promise<string> {
    try {
      return (await this.#process?.connection.sendRequest(messages.serverMetrics)) ?? '';
    } catch {
      return '';
    }
  }

  async activity(request: ActivityRequest): Promise<ActivityPage | null> {
    try {
      return (await this.#process?.connection.sendRequest(gatewayActivity, request)) ?? null;
    } catch {
      return null; // It has just ended; the next one begins anew.
    }
  }

  async keepBodies(keep: boolean): Promise<void> {
    await this.#ask(await this.#running(), gatewayKeepBodies, { keep });
  }

  async bodies(request: BodiesRequest): Promise<KeptBodies | null> {
    const process = await this.#starting;
    return process ? await this.#ask(process, gatewayBodies, request) : null;
  }

  async declare(declaration: ModelDeclaration): Promise<GatewayInfo> {
    this.#declaration = declaration;
    // A process that is being started is given this declaration, or the one before it.
    const process = await this.#running();
    const info = await this.#ask(process, messages.configure, {
      ...declaration,
      ...(await this.#known(declaration)),
    });
    this.#info = info;
    return info;
  }

  async load(model: string, instances?: number): Promise<ModelSnapshot> {
    return await this.#ask(await this.#running(), messages.load, { model, ...(instances !== undefined && { instances }) });
  }

  async unload(model: string, now: boolean): Promise<ModelSnapshot> {
    return await this.#ask(await this.#running(), messages.unload, { model, now });
  }

  /** Undefined where the tree is no model's server. */
  async restart(tree: TreeId): Promise<TreeSnapshot | undefined> {
    if (!this.#servers.has(tree) || !this.#starting) return undefined;
    const next = await this.#ask(await this.#starting, messages.restart, { tree });
    return next === null ? undefined : this.#parts.supervisor.snapshot(next);
  }

  /** Without a gateway, or where that ends meanwhile, the next one ends it. */
  async #replace(tree: TreeId): Promise<void> {
    // Why another one could not be loaded is in the snapshot of its model.
    await this.restart(tree).catch(() => undefined);
  }

  /** A user wants the process running: it may be restarted automatically as often as at first. */
  async startAgain(): Promise<void> {
    this.#restarts.reset();
    await this.#running();
  }

  /** To be called before the trees are ended: requests that are being answered end with an error, and no server is started any more. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#process?.close();
    await this.#ledger.close();
  }

  async #spent({ models }: ModelDeclaration): Promise<NonNullable<messages.Configuration['spent']>> {
    return await this.#ledger.spentOf(models.flatMap(({ budget }) => budget ?? []));
  }

  async #running(): Promise<HelperProcess> {
    if (this.#isClosing) throw new RequestError('notPossible', 'The warden is ending.');
    if (this.#starting) return await this.#starting;
    const starting = this.#start(this.#info !== undefined);
    this.#starting = starting;
    try {
      return await starting;
    } catch (error) {
      if (this.#starting === starting) this.#starting = undefined;
      throw error;
    }
  }

  /** `isReplacement`: it is configured as the one before it was. */
  async #start(isReplacement: boolean): Promise<HelperProcess> {
    const { platform, programFolder, descriptors, onSpawned, onCollected } = this.#parts;
    const process = new HelperProcess({
      platform,
      args: gatewayArguments(programFolder, descriptors),
      onSpawned,
      onCollected,
      handle: (connection) => this.#handle(connection),
    });
    this.#process = process;
    void process.ended.then((reason) => this.#ended(process, reason));
    try {
      if (isReplacement) await this.#reconfigure(process);
    } catch (error) {
      await process.close();
      throw error;
    }
    this.#problem = undefined;
    return process;
  }

  async #reconfigure(process: HelperProcess): Promise<void> {
    const declaration = this.#declaration;
    if (!declaration) return;
    const servers = await this.#servers.living();
    const known = new Map(this.#snapshots.map((snapshot) => [snapshot.name, snapshot]));
    const before = this.#info;
    this.#info = await this.#ask(process, messages.configure, {
      // What was unloaded by hand is not loaded again.
      models: declaration.models.map((model) => ({ ...model, preload: model.preload && known.get(model.name)?.state !== 'cold' })),
      ...(await this.#known(declaration)),
      inherited: { servers, instances: Object.fromEntries([...known].map(([name, { wanted }]) => [name, wanted])) },
    });
    if (before && before.url !== this.#info.url) this.#parts.alert(localizable('gatewayMoved', this.#info.url));
  }

  /** What this process knows that a gateway is to go by. */
  async #known(declaration: ModelDeclaration) {
    return {
      gateway: this.#pinned(declaration.gateway),
      spent: await this.#spent(declaration),
      measured: measuredOf(declaration.models),
    };
  }

  /** The address and the token of the gateway stay what they were first. */
  #pinned(options: GatewayOptions): GatewayOptions {
    return this.#info ? { ...options, port: Number(new URL(this.#info.url).port), isPortFixed: false, token: this.#info.token } : options;
  }

  #keep(key: string, name: string, measured: MeasuredMemory): void {
    try {
      keepModelMemory(key, name, measured);
    } catch (error) {
      // It is measured again at the next load.
      this.#parts.journal.write({ event: 'record-failed', spec: name, reason: `model memory: ${errorText(error)}` });
    }
  }

  #handle(connection: MessageConnection): void {
    connection.onRequest(messages.launchServer, async ({ key, model: name, instance }) => {
      // The command is the declared one: the process that reads requests from outside does not say what is run.
      const model = this.#declaration?.models.find((declared) => declared.name === name);
      if (!model || !isServed(model) || this.#isClosing) throw new RequestError('notPossible', `'${name}' is not declared any more.`);
      if (!Number.isInteger(instance) || instance < 1 || instance > maxInstances)
        throw new RequestError('notPossible', `'${name}' has no instance ${instance}.`);
      return await answered(() => this.#servers.launch(String(key), model, instance));
    });
    connection.onRequest(messages.endServer, async ({ tree, reason }) => {
      await answered(() => this.#servers.end(tree, reason));
      return null;
    });
    connection.onNotification(messages.modelsChanged, (snapshots) => {
      this.#snapshots = snapshots;
      this.#parts.onChange();
    });
    connection.onNotification(messages.budgetSpent, ({ id, spent }) => {
      if (this.#declaration?.models.some(({ budget }) => budget?.id === id)) this.#ledger.add(id, spent);
    });
    connection.onNotification(messages.gatewayAlert, ({ message }) => this.#parts.alert(message));
  }

  #ended(process: HelperProcess, reason: string): void {
    if (this.#process === process) {
      this.#process = undefined;
      this.#starting = undefined;
    }
    if (this.#isClosing) return;
    this.#parts.journal.write({ event: 'gateway-ended', ...(process.pid !== undefined && { pid: process.pid }), reason });
    // Where it has never answered, the client that has declared models hears why.
    if (!this.#info) return;
    // An attempt whose process ends comes here again.
    if (this.#restarts.take(performance.now()))
      void this.#running().catch((error: unknown) => this.#process || this.#failed(errorText(error)));
    else this.#failed(`it ${reason}, after it was restarted ${this.#restarts.description}`);
  }

  #failed(reason: string): void {
    // Another process is on its way, and it may be the one to succeed.
    if (this.#starting || this.#isClosing) return;
    this.#problem = localizable('gatewayGaveUp', reason);
    this.#parts.onGivenUp(this.#problem);
  }

  async #ask<R>(process: HelperProcess, type: RequestType0<R, void>): Promise<R>;
  async #ask<P, R>(process: HelperProcess, type: RequestType<P, R, void>, params: P): Promise<R>;
  async #ask(process: HelperProcess, type: { readonly method: string }, params?: unknown): Promise<unknown> {
    const ended = process.ended.then((reason): never => {
      throw new RequestError('notPossible', `The gateway of the models ${reason} before it had answered; ask again.`);
    });
    try {
      return await Promise.race([process.connection.sendRequest(type.method, params), ended]);
    } catch (error) {
      if (isAnswer(error)) throw error;
      // The connection breaks off before it is told how the process has ended; its own error would tell the client that the warden had ended.
      return await ended;
    }
  }
}

/** What is known of these models, by their names. */
function measuredOf(models: readonly ModelRequest[]): Readonly<Record<string, MeasuredMemory>> {
  const known = readModelMemory();
  return Object.fromEntries(
    models.filter(isServed).flatMap((model) => {
      const measured = known.get(memoryKey(model));
      return measured ? [[model.name, measured]] : [];
    }),
  );
}

/** An error of this process is the answer to the other one. */
async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new RequestError('notPossible', errorText(error));
  }
}
