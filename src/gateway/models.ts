import { isDeepStrictEqual } from 'node:util';
import { parseOrigin } from '../loopback/origin.ts';
import { parseToken } from '../loopback/token.ts';
import { errorText } from '../protocol/errors.ts';
import type { Configuration, Inheritance, LivingServer } from '../protocol/gateway.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { ActivityPage, ActivityRequest } from '../protocol/modelActivity.ts';
import type { GatewayInfo, GatewayOptions, ModelRequest, ModelSnapshot } from '../protocol/models.ts';
import { ExclusiveGroup } from './exclusiveGroup.ts';
import { type Catalogue, Gateway } from './gateway.ts';
import type { Launcher } from './launcher.ts';
import { ModelPool } from './modelPool.ts';
import { PromptKeeper } from './promptKeeper.ts';
import { notPossible } from './refusal.ts';
import { serverMetrics } from './serverMetrics.ts';

export interface ModelsParts {
  readonly launcher: Launcher;
  /** How many files this process may have open. */
  readonly descriptors: number;
  /** Shows a message to the user. */
  alert(message: string): void;
  /** See {@link ExclusiveGroup}; for tests. */
  readonly turnMillis?: number;
}

/** The models of a warden, as they are declared, and the one address that they are all at. */
export class Models implements Catalogue {
  readonly #parts: ModelsParts;
  readonly #pools = new Map<string, ModelPool>();
  readonly #groups = new Map<string, ExclusiveGroup>();
  readonly #listeners = new Set<() => void>();
  /** Models that are not declared any more, or are as another: until it is verified that their servers are gone, whose names others may want. */
  readonly #retired = new Set<ModelPool>();
  readonly #launcher: Launcher;
  readonly #prompts: PromptKeeper;
  #gateway: Promise<Gateway> | undefined;

  constructor(parts: ModelsParts) {
    this.#parts = parts;
    const prompts = new PromptKeeper(parts.launcher);
    this.#launcher = {
      launch: async (model, instance, listener) => {
        await this.#predecessorsGone(model.name);
        if (listener.isGivenUp()) throw new Error(`'${model.name}' is not needed any more.`);
        return await prompts.launch(model, instance, listener);
      },
      takeOver: (server, listener) => prompts.takeOver(server, listener),
      end: (launched, reason) => prompts.end(launched, reason),
    };
    this.#prompts = prompts;
  }

  /** In the order of their declaration. */
  get all(): readonly ModelPool[] {
    return [...this.#pools.values()];
  }

  /** For people. */
  get names(): string {
    const all = this.all.flatMap(({ name, model }) => [name, ...(model.variants ?? []).map((variant) => variant.name)]);
    return all.join(', ') || 'none';
  }

  /** Hears of every change, without arguments: ask for {@link snapshots}. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  snapshots(): ModelSnapshot[] {
    return this.all.map((pool) => pool.snapshot());
  }

  /** What was asked lately; undefined where the gateway is not open yet. */
  async activity(request: ActivityRequest): Promise<ActivityPage | undefined> {
    return (await this.#gateway)?.activity.page(request);
  }

  /** See {@link serverMetrics}. */
  async serverMetrics(): Promise<string> {
    return await serverMetrics(this.all);
  }

  /** By its name, or by another name that it goes by. */
  find(name: string): ModelPool | undefined {
    return (
      this.#pools.get(name) ??
      this.all.find(({ model }) => model.aliases.includes(name)) ??
      this.all.find(({ model }) => model.variants?.some((variant) => variant.name === name))
    );
  }

  async info(): Promise<GatewayInfo | null> {
    return (await this.#gateway)?.info ?? null;
  }

  /** See {@link declareModels}. Where the gateway is open, it stays where it is. */
  async declare({ models, gateway: options, inherited }: Configuration): Promise<GatewayInfo> {
    check(options);
    const names = new Set(models.map(({ name }) => name));
    for (const [name, pool] of this.#pools) {
      if (names.has(name)) continue;
      this.#pools.delete(name);
      this.#retire(pool, false);
    }
    const known = new Map(this.#pools);
    // The order is that of the declaration.
    this.#pools.clear();
    for (const model of models) this.#take(model, known.get(model.name), inherited);
    for (const server of inherited?.servers ?? []) if (!this.#pools.has(server.model.name)) this.#endUndeclared(server);
    this.#changed();
    this.#gateway ??= Gateway.open(this, options, this.#parts.descriptors);
    try {
      const { pages, info } = await this.#gateway;
      pages.allow(options.allowedOrigins ?? []);
      return info;
    } catch (error) {
      this.#gateway = undefined;
      throw notPossible(`The gateway cannot listen at port ${options.port} of 127.0.0.1: ${errorText(error)}.`);
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
  async restart(tree: TreeId): Promise<TreeId | undefined> {
    for (const pool of this.all) {
      const launched = await pool.relaunch(tree);
      if (launched) return launched;
    }
    return undefined;
  }

  /** To be called before the trees are ended: no server is started any more. Resolves when the requests that were being answered have ended with an error. */
  async close(): Promise<void> {
    for (const group of this.#groups.values()) group.dispose();
    // Their trees are ended by who closes.
    for (const pool of [...this.all, ...this.#retired]) void pool.retire({ now: true }).catch(() => undefined);
    const gateway = await this.#gateway?.catch(() => undefined);
    await gateway?.close();
  }

  #get(name: string): ModelPool {
    const pool = this.find(name);
    if (!pool) throw notPossible(`There is no model '${name}'. There are: ${this.names}.`);
    return pool;
  }

  #take(model: ModelRequest, known: ModelPool | undefined, inherited: Inheritance | undefined): void {
    // Another group is another order of turns: such a model begins anew.
    if (known && known.model.exclusive === model.exclusive) {
      this.#pools.set(model.name, known);
      if (!isDeepStrictEqual(known.model, model)) known.update(model);
      return;
    }
    if (known) this.#retire(known, true);
    const pool = this.#poolFor(model);
    this.#pools.set(model.name, pool);
    if (inherited) {
      const servers = inherited.servers.filter((server) => server.model.name === model.name);
      pool.takeOver(inherited.instances[model.name] ?? model.instances, servers);
    }
    if (model.preload) void pool.load().catch((error: unknown) => this.#parts.alert(errorText(error)));
  }

  /** Its model is not declared any more: the process before this one was about to end it. */
  #endUndeclared(server: LivingServer): void {
    const pool = this.#poolFor(server.model);
    pool.takeOver(server.instance, [server]);
    this.#retire(pool, false);
  }

  #poolFor(model: ModelRequest): ModelPool {
    return new ModelPool(model, {
      launcher: this.#launcher,
      group: this.#groupOf(model),
      onAnswered: (tree, answered) => this.#prompts.answered(tree, answered),
      onChange: () => this.#changed(),
    });
  }

  #retire(pool: ModelPool, isReplaced: boolean): void {
    this.#retired.add(pool);
    void this.#end(pool, isReplaced).catch((error: unknown) => this.#parts.alert(errorText(error)));
  }

  async #end(pool: ModelPool, isReplaced: boolean): Promise<void> {
    await pool.retire({ isReplaced });
    this.#retired.delete(pool);
  }

  /**
   * Resolves when nothing is left of models that had this name; what could not be verified before is tried again.
   * @throws Error where something is.
   */
  async #predecessorsGone(name: string): Promise<void> {
    await Promise.all([...this.#retired].filter((pool) => pool.name === name).map((pool) => this.#end(pool, true)));
  }

  #groupOf({ exclusive }: ModelRequest): ExclusiveGroup | undefined {
    if (exclusive === undefined) return undefined;
    const group = this.#groups.get(exclusive) ?? new ExclusiveGroup(this.#parts.turnMillis);
    this.#groups.set(exclusive, group);
    return group;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function check({ token, allowedOrigins = [] }: GatewayOptions): void {
  try {
    if (token !== undefined) parseToken(token);
  } catch (error) {
    throw notPossible(`The gateway’s token ${errorText(error)}.`);
  }
  try {
    for (const origin of allowedOrigins) parseOrigin(origin);
  } catch (error) {
    throw notPossible(`Pages of that origin cannot be let in: ${errorText(error)}.`);
  }
}
