import { isDeepStrictEqual } from 'node:util';
import { parseOrigin } from '../loopback/origin.ts';
import { parseToken } from '../loopback/token.ts';
import { errorText } from '../protocol/errors.ts';
import type { Configuration, Inheritance, LivingServer } from '../protocol/gateway.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { ActivityPage, ActivityRequest } from '../protocol/modelActivity.ts';
import type { MeasuredMemory, MemoryBudget } from '../protocol/modelMemory.ts';
import type { GatewayInfo, GatewayOptions, ModelRequest, ModelSnapshot } from '../protocol/models.ts';
import type { Spending } from '../protocol/remoteModels.ts';
import type { BodiesRequest, KeptBodies } from '../protocol/requestBodies.ts';
import type { Admission, SizedMember } from './admission/admission.ts';
import { ExclusiveGroup } from './admission/exclusiveGroup.ts';
import { MemoryAdmission } from './admission/memoryAdmission.ts';
import { knownMemory } from './admission/needs.ts';
import { type Catalogue, keyProblem } from './clientKeys.ts';
import { Gateway } from './gateway.ts';
import type { Launcher } from './launcher.ts';
import { ModelPool } from './modelPool.ts';
import { PromptKeeper } from './prompts/promptKeeper.ts';
import { notPossible } from './refusal.ts';
import { RemoteModelLauncher } from './remote/remoteModelLauncher.ts';
import { serverMetrics } from './serverMetrics.ts';
import { Budget } from './spending/budget.ts';

export interface ModelsParts {
  readonly launcher: Launcher;
  /** How many files this process may have open. */
  readonly descriptors: number;
  /** Shows a message to the user. */
  alert(message: string): void;
  /** A request has cost this of the budget with this id. */
  onSpent?(id: string, spent: Spending): void;
  /** See {@link ExclusiveGroup}; for tests. */
  readonly turnMillis?: number;
}

/** The models of a warden, as they are declared, and the one address that they are all at. */
export class Models implements Catalogue {
  readonly #parts: ModelsParts;
  readonly #pools = new Map<string, ModelPool>();
  readonly #groups = new Map<string, ExclusiveGroup>();
  /** Present where memory is limited, or a model is pinned. */
  #memoryAdmission: MemoryAdmission | undefined;
  #memoryBudget: MemoryBudget = {};
  #measured: ReadonlyMap<string, MeasuredMemory> = new Map();
  readonly #listeners = new Set<() => void>();
  /** Models that are not declared any more, or are as another: until it is verified that their servers are gone, whose names others may want. */
  readonly #retired = new Set<ModelPool>();
  readonly #launcher: Launcher;
  /** By model. */
  readonly #budgets = new Map<string, Budget>();
  readonly #prompts: PromptKeeper;
  #gateway: Promise<Gateway> | undefined;

  constructor(parts: ModelsParts) {
    this.#parts = parts;
    const prompts = new PromptKeeper(parts.launcher);
    const launcher = new RemoteModelLauncher(prompts);
    this.#launcher = {
      launch: async (model, instance, listener) => {
        if (model.problem !== undefined) throw new Error(model.problem);
        // Nothing of one elsewhere takes up what the next one needs.
        await (model.remote ? undefined : this.#predecessorsGone(model.name));
        if (listener.isGivenUp()) throw new Error(`'${model.name}' is not needed any more.`);
        return await launcher.launch(model, instance, listener);
      },
      takeOver: (server, listener) => launcher.takeOver(server, listener),
      end: (launched, reason) => launcher.end(launched, reason),
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

  onActivity(): void {
    this.#changed();
  }

  /** See {@link keepBodies}. */
  async keepBodies(keep: boolean): Promise<void> {
    const gateway = await this.#gateway;
    gateway?.bodies.switch(keep);
    this.#changed();
  }

  /** What a request and its answer have said; undefined where that is not kept. */
  async bodies({ gateway: asked, id }: BodiesRequest): Promise<KeptBodies | undefined> {
    const gateway = await this.#gateway;
    return gateway?.activity.gateway === asked ? gateway.bodies.get(id) : undefined;
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
  async declare({ models, gateway: options, measured, inherited, spent = {} }: Configuration): Promise<GatewayInfo> {
    check(options);
    const before = this.#memoryAdmission;
    this.#takeMemoryBudget(models, options);
    if (measured) this.#measured = new Map(Object.entries(measured));
    // Before anything is loaded, and again when all is declared.
    this.#memoryAdmission?.update(this.#memoryBudget, this.#measured);
    const names = new Set(models.map(({ name }) => name));
    for (const [name, pool] of this.#pools) {
      if (names.has(name)) continue;
      this.#pools.delete(name);
      this.#retire(pool, false);
    }
    this.#takeBudgets(models, spent);
    const known = new Map(this.#pools);
    // The order is that of the declaration.
    this.#pools.clear();
    const isSameOrder = before === this.#memoryAdmission;
    // What goes is known to go before anything is loaded beside it.
    for (const model of models) {
      const pool = known.get(model.name);
      if (!pool || (isSameOrder && hasSamePool(pool.model, model))) continue;
      known.delete(model.name);
      this.#retire(pool, true);
    }
    for (const server of inherited?.servers ?? []) if (!names.has(server.model.name)) this.#endUndeclared(server);
    for (const model of models) this.#take(model, known.get(model.name), inherited);
    this.#memoryAdmission?.update(this.#memoryBudget, this.#measured);
    this.#changed();
    this.#gateway ??= Gateway.open(this, options, this.#parts.descriptors);
    try {
      const { pages, keys, info } = await this.#gateway;
      pages.allow(options.allowedOrigins ?? []);
      keys.allow(options.keys ?? []);
      return info;
    } catch (error) {
      this.#gateway = undefined;
      throw notPossible(`The gateway cannot listen at port ${options.port} of 127.0.0.1: ${errorText(error)}.`);
    }
  }

  /** What a server of this model takes; what waits for memory may begin now, or have to wait longer. */
  measured(name: string, memory: MeasuredMemory): void {
    this.#measured = new Map(this.#measured).set(name, memory);
    this.#memoryAdmission?.update(this.#memoryBudget, this.#measured);
    this.#changed();
  }

  async load(name: string, instances?: number): Promise<ModelSnapshot> {
    const pool = this.#get(name);
    if (instances !== undefined && instances !== 1 && pool.model.remote)
      throw notPossible(`'${pool.name}' is served elsewhere: there are no servers of it here that could be more or fewer.`);
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
    this.#memoryAdmission?.dispose();
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

  /** Another warden has spent this of a budget that is counted here, too. */
  spentElsewhere(id: string, spent: Spending): void {
    for (const { name, model } of this.all) if (model.budget?.id === id) this.#budgets.get(name)?.addElsewhere(spent);
    this.#changed();
  }

  /** What is counted goes on where only limits have changed. */
  #takeBudgets(models: readonly ModelRequest[], spent: Readonly<Record<string, Spending>>): void {
    const known = new Map(this.#budgets);
    this.#budgets.clear();
    for (const { name, budget } of models) {
      if (!budget) continue;
      const before = known.get(name);
      if (before?.isOf(budget)) before.update(budget);
      const onSpent = (id: string, one: Spending): void => {
        this.#parts.onSpent?.(id, one);
        this.#changed();
      };
      const counted = before?.isOf(budget) ? before : new Budget(name, budget, spent[budget.id], { presentAt: () => Date.now(), onSpent });
      this.#budgets.set(name, counted);
    }
  }

  /** Where memory is limited no more, or newly, all models begin anew: what is loaded was not counted. What is still draining is, until it is gone. */
  #takeMemoryBudget(models: readonly ModelRequest[], { memory = {} }: GatewayOptions): void {
    this.#memoryBudget = memory;
    const isNeeded = Object.keys(memory).length > 0 || models.some(({ isPinned }) => isPinned);
    const before = this.#memoryAdmission;
    this.#memoryAdmission = isNeeded ? (before ?? new MemoryAdmission(this.#parts.turnMillis)) : undefined;
    if (this.#memoryAdmission !== before) for (const pool of this.#retired) this.#countRetired(pool);
  }

  #take(model: ModelRequest, known: ModelPool | undefined, inherited: Inheritance | undefined): void {
    if (known) {
      this.#pools.set(model.name, known);
      if (!isDeepStrictEqual(known.model, model)) known.update(model);
      return;
    }
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
      budget: () => this.#budgets.get(model.name),
      memoryOf: (declared) => knownMemory(declared, this.#measured.get(declared.name)?.settled, this.#memoryBudget),
      onAnswered: (tree, answered) => this.#prompts.answered(tree, answered),
      onChange: () => this.#changed(),
    });
  }

  #retire(pool: ModelPool, isReplaced: boolean): void {
    this.#retired.add(pool);
    void this.#end(pool, isReplaced).catch((error: unknown) => this.#parts.alert(errorText(error)));
    this.#countRetired(pool);
  }

  #countRetired(pool: ModelPool): void {
    const group = this.#groupOf(pool.model);
    if (group) pool.countIn(group);
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

  /** What a server elsewhere takes is none of this machine's memory, and one that cannot be served takes none. */
  #groupOf({ exclusive, remote, problem }: ModelRequest): Admission<SizedMember> | undefined {
    if (remote || problem !== undefined) return undefined;
    if (this.#memoryAdmission) return this.#memoryAdmission;
    if (exclusive === undefined) return undefined;
    const group = this.#groups.get(exclusive) ?? new ExclusiveGroup(this.#parts.turnMillis);
    this.#groups.set(exclusive, group);
    return group;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Another group is another order of turns, and another server elsewhere is another server: such a model begins anew, as one does that could not be served. */
function hasSamePool(known: ModelRequest, model: ModelRequest): boolean {
  return known.exclusive === model.exclusive && known.problem === model.problem && isDeepStrictEqual(known.remote, model.remote);
}

function check({ token, allowedOrigins = [], keys = [] }: GatewayOptions): void {
  try {
    if (token !== undefined) parseToken(token);
  } catch (error) {
    throw notPossible(`The gateway’s token ${errorText(error)}.`);
  }
  const problem = keyProblem(keys, token);
  if (problem !== undefined) throw notPossible(problem);
  try {
    for (const origin of allowedOrigins) parseOrigin(origin);
  } catch (error) {
    throw notPossible(`Pages of that origin cannot be let in: ${errorText(error)}.`);
  }
}
