import type { TreeId } from '../../protocol/identity.ts';
import type { ActivityPage, ActivityRequest } from '../../protocol/modelActivity.ts';
import type { DeclaredModels, GatewayInfo, ModelSnapshot } from '../../protocol/models.ts';
import type { BodiesRequest, KeptBodies } from '../../protocol/requestBodies.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import type { Text } from '../../protocol/texts.ts';
import { RequestError } from '../requestError.ts';
import type { ModelDeclaration, ModelHost } from './modelHost.ts';
import type { SharedModels } from './sharedModels.ts';

/** The ways in which models are served; neither is loaded before it is needed. */
export interface ModelHosts {
  /** By a gateway of this warden. */
  own(onChange: () => void): Promise<ModelHost>;
  /** By the model service that listens at this path. */
  shared(path: string, onChange: () => void, onLost: () => void): Promise<SharedModels>;
}

/** The models of a warden. Nothing of them is loaded or started before the first model is declared. */
export class ModelService {
  readonly #hosts: ModelHosts;
  readonly #listeners = new Set<() => void>();
  readonly #lossListeners = new Set<() => void>();
  #opening: Promise<ModelHost> | undefined;
  #own: ModelHost | undefined;
  #shared: SharedModels | undefined;
  /** Declarations are carried out one after the other. */
  #declaring: Promise<unknown> = Promise.resolve();

  constructor(hosts: ModelHosts) {
    this.#hosts = hosts;
  }

  /** Hears of every change, without arguments: ask for {@link snapshots}. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hears that the model service which served them has gone: they have to be declared again. */
  onServiceLost(listener: () => void): () => void {
    this.#lossListeners.add(listener);
    return () => this.#lossListeners.delete(listener);
  }

  get #link(): ModelHost | undefined {
    return this.#shared ?? this.#own;
  }

  /** As they were reported last. */
  get snapshots(): readonly ModelSnapshot[] {
    return this.#link?.snapshots ?? [];
  }

  async freshSnapshots(): Promise<readonly ModelSnapshot[]> {
    return (await this.#link?.freshSnapshots()) ?? [];
  }

  /** The servers' own metrics, in Prometheus' text format. */
  async serverMetrics(): Promise<string> {
    return (await this.#link?.serverMetrics()) ?? '';
  }

  /** What was asked lately; null where another warden knows that, or nothing was declared. */
  async activity(request: ActivityRequest): Promise<ActivityPage | null> {
    return (await this.#link?.activity(request)) ?? null;
  }

  /** See {@link keepBodies}. */
  async keepBodies(keep: boolean): Promise<void> {
    await this.#known().keepBodies(keep);
  }

  /** What a request and its answer have said; null where that is not kept. */
  async bodies(request: BodiesRequest): Promise<KeptBodies | null> {
    return (await this.#link?.bodies(request)) ?? null;
  }

  /** Null where no model was declared. */
  get info(): GatewayInfo | null {
    return this.#link?.info ?? null;
  }

  /** Of the gateway process; null where there is none. */
  get gatewayPid(): number | null {
    return this.#link?.pid ?? null;
  }

  /** What is wrong at present, a sentence each. */
  get problems(): Text[] {
    return this.#link?.problem === undefined ? [] : [this.#link.problem];
  }

  /** `service`: the path of the socket of the model service that is to serve them; absent: this warden does. */
  async declare({ service, ...declaration }: ModelDeclaration & { readonly service?: string }): Promise<DeclaredModels> {
    const declaring = this.#declaring.then(() =>
      service === undefined ? this.#declareOwn(declaration) : this.#declareShared(declaration, service),
    );
    this.#declaring = declaring.catch(() => undefined);
    return await declaring;
  }

  async #declareOwn(declaration: ModelDeclaration): Promise<DeclaredModels> {
    await this.#shared?.close();
    this.#shared = undefined;
    this.#opening ??= this.#hosts.own(() => this.#tell(this.#listeners));
    this.#own = await this.#opening;
    return await this.#own.declare(declaration);
  }

  async #declareShared(declaration: ModelDeclaration, path: string): Promise<DeclaredModels> {
    // What it serves itself ends by and by; its gateway stays at its address.
    await this.#own?.declare({ ...declaration, models: [] });
    if (this.#shared?.path !== path || this.#shared.isGone) {
      await this.#shared?.close();
      this.#shared = undefined;
      const onLost = (): void => this.#tell(this.#lossListeners);
      this.#shared = await this.#hosts.shared(path, () => this.#tell(this.#listeners), onLost);
    }
    return await this.#shared.declare(declaration);
  }

  #tell(listeners: ReadonlySet<() => void>): void {
    for (const listener of listeners) listener();
  }

  async load(model: string, instances?: number): Promise<ModelSnapshot> {
    return await this.#known().load(model, instances);
  }

  async unload(model: string, now: boolean): Promise<ModelSnapshot> {
    return await this.#known().unload(model, now);
  }

  /** Where the tree is a model's server, which its gateway lets finish first; undefined where it is not. */
  async restart(tree: TreeId): Promise<TreeSnapshot | undefined> {
    return await this.#link?.restart(tree);
  }

  /** Starts the gateway process where it is not running; its budget of automatic restarts begins anew. */
  async startGateway(): Promise<void> {
    await this.#known().startAgain();
  }

  /** To be called before the trees are ended: no server is started any more. Resolves when the gateway process has ended. */
  async close(): Promise<void> {
    await Promise.all([this.#own?.close(), this.#shared?.close()]);
  }

  #known(): ModelHost {
    if (!this.#link) throw new RequestError('notPossible', 'This warden knows of no models.');
    return this.#link;
  }
}
