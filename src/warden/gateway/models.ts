import { isDeepStrictEqual } from 'node:util';
import { errorText } from '../../protocol/errors.ts';
import type { TreeId, TreeSnapshot } from '../../protocol/messages.ts';
import type { GatewayInfo, GatewayOptions, ModelRequest, ModelSnapshot } from '../../protocol/models.ts';
import { RequestError } from '../requestError.ts';
import { ExclusiveGroup } from './exclusiveGroup.ts';
import { type Catalogue, Gateway } from './gateway.ts';
import type { Launcher } from './launcher.ts';
import { ModelPool } from './modelPool.ts';
import { serverMetrics } from './serverMetrics.ts';

export interface ModelsParts {
  readonly launcher: Launcher;
  snapshotOf(tree: TreeId): TreeSnapshot;
  /** A person has to be told. */
  alert(message: string): void;
}

/** The models of a warden, as they are declared, and the one address that they are all at. */
export class Models implements Catalogue {
  readonly #parts: ModelsParts;
  readonly #pools = new Map<string, ModelPool>();
  readonly #groups = new Map<string, ExclusiveGroup>();
  readonly #listeners = new Set<() => void>();
  /** Of models that are not declared any more, or are as another: until their servers are gone, whose names others may want. */
  readonly #retiring = new Map<string, Promise<void>>();
  readonly #launcher: Launcher;
  #gateway: Promise<Gateway> | undefined;

  constructor(parts: ModelsParts) {
    this.#parts = parts;
    const { launcher } = parts;
    this.#launcher = {
      launch: async (model, instance, listener) => {
        await this.#retiring.get(model.name);
        return await launcher.launch(model, instance, listener);
      },
      end: (launched, reason) => launcher.end(launched, reason),
    };
  }

  /** In the order of their declaration. */
  get all(): readonly ModelPool[] {
    return [...this.#pools.values()];
  }

  /** For people. */
  get names(): string {
    return [...this.#pools.keys()].join(', ') || 'none';
  }

  /** Hears of every change, without arguments: ask for {@link snapshots}. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  snapshots(): ModelSnapshot[] {
    return this.all.map((pool) => pool.snapshot());
  }

  /** See {@link serverMetrics}. */
  async serverMetrics(): Promise<string> {
    return await serverMetrics(this.all);
  }

  /** By its name, or by another name that it goes by. */
  find(name: string): ModelPool | undefined {
    return this.#pools.get(name) ?? this.all.find(({ model }) => model.aliases.includes(name));
  }

  async info(): Promise<GatewayInfo | null> {
    return (await this.#gateway)?.info ?? null;
  }

  /** See {@link declareModels}. Where the gateway is open, it stays as it is. */
  async declare(models: readonly ModelRequest[], options: GatewayOptions): Promise<GatewayInfo> {
    const names = new Set(models.map(({ name }) => name));
    for (const [name, pool] of this.#pools) {
      if (names.has(name)) continue;
      this.#pools.delete(name);
      this.#retire(pool);
    }
    const known = new Map(this.#pools);
    // The order is that of the declaration.
    this.#pools.clear();
    for (const model of models) this.#take(model, known.get(model.name));
    this.#changed();
    this.#gateway ??= Gateway.open(this, options);
    try {
      return (await this.#gateway).info;
    } catch (error) {
      this.#gateway = undefined;
      throw new RequestError('notPossible', `The gateway cannot listen at port ${options.port} of 127.0.0.1: ${errorText(error)}.`);
    }
  }

  async load(name: string, instances?: number): Promise<ModelSnapshot> {
    const pool = this.#get(name);
    await pool.load(instances);
    return pool.snapshot();
  }

  async unload(name: string, now: boolean): Promise<ModelSnapshot> {
    const pool = this.#get(name);
    await pool.unload(now);
    return pool.snapshot();
  }

  /** Where the tree is a model's: another one takes its place, when it has answered what it was asked. */
  async restart(tree: TreeId): Promise<TreeSnapshot | undefined> {
    for (const pool of this.all) {
      const launched = await pool.relaunch(tree);
      if (launched) return this.#parts.snapshotOf(launched);
    }
    return undefined;
  }

  /** To be called before the trees are ended: who is being answered is told, and nobody is to start another one. */
  close(): void {
    for (const group of this.#groups.values()) group.dispose();
    for (const pool of this.all) void pool.retire(true).catch(() => undefined);
    void this.#gateway?.then(
      (gateway) => gateway.close(),
      () => undefined,
    );
  }

  #get(name: string): ModelPool {
    const pool = this.find(name);
    if (!pool) throw new RequestError('notPossible', `There is no model '${name}'. There are: ${this.names}.`);
    return pool;
  }

  #take(model: ModelRequest, known: ModelPool | undefined): void {
    // Another group is another order of turns: such a model begins anew.
    if (known && known.model.exclusive === model.exclusive) {
      this.#pools.set(model.name, known);
      if (!isDeepStrictEqual(known.model, model)) known.update(model);
      return;
    }
    if (known) this.#retire(known);
    const pool = new ModelPool(model, { launcher: this.#launcher, group: this.#groupOf(model), onChange: () => this.#changed() });
    this.#pools.set(model.name, pool);
    if (model.preload) void pool.load().catch((error: unknown) => this.#parts.alert(errorText(error)));
  }

  #retire(pool: ModelPool): void {
    const retiring = pool.retire().catch((error: unknown) => this.#parts.alert(errorText(error)));
    this.#retiring.set(
      pool.name,
      retiring.finally(() => this.#retiring.delete(pool.name)),
    );
  }

  #groupOf({ exclusive }: ModelRequest): ExclusiveGroup | undefined {
    if (exclusive === undefined) return undefined;
    const group = this.#groups.get(exclusive) ?? new ExclusiveGroup();
    this.#groups.set(exclusive, group);
    return group;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
