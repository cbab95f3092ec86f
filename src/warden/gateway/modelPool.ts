import { errorText } from '../../protocol/errors.ts';
import type { TreeId } from '../../protocol/messages.ts';
import type { ModelRequest, ModelSnapshot, ModelState } from '../../protocol/models.ts';
import { Balancer } from './balancer.ts';
import type { ExclusiveGroup, Rival } from './exclusiveGroup.ts';
import { GatewayError } from './gatewayError.ts';
import { IdleTimer } from './idleTimer.ts';
import { type Instance, snapshotOf } from './instance.ts';
import type { Launcher } from './launcher.ts';
import type { Lease, Waiting } from './lease.ts';
import { Statistics } from './modelStatistics.ts';
import { Servers } from './servers.ts';

export interface PoolParts {
  readonly launcher: Launcher;
  readonly group: ExclusiveGroup | undefined;
  /** What is known of it is another now. */
  onChange(): void;
}

/** One model: who waits for it, and which of its servers answers whom. */
export class ModelPool implements Rival {
  readonly statistics = new Statistics();
  readonly #parts: PoolParts;
  #model: ModelRequest;
  readonly #servers: Servers;
  readonly #queue: Waiting[] = [];
  /** Who waits until it is loaded, without a request. */
  #loads: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  readonly #balancer = new Balancer();
  readonly #idle: IdleTimer;
  #failure: string | undefined;
  #ending: Promise<void> | undefined;

  constructor(model: ModelRequest, parts: PoolParts) {
    this.#model = model;
    this.#parts = parts;
    this.#servers = new Servers(model, parts.launcher, {
      onRoom: () => this.#dispatch(),
      onReady: () => this.#loaded(),
      onNoneLeft: (reason) => this.refuse(reason),
      isWanted: () => this.isWanted,
      onChange: () => parts.onChange(),
    });
    this.#idle = new IdleTimer(() => void this.#end(false, 'nobody has asked it anything').catch(() => undefined));
  }

  get name(): string {
    return this.#model.name;
  }

  get model(): ModelRequest {
    return this.#model;
  }

  get outstanding(): number {
    return this.#servers.outstanding;
  }

  get isWanted(): boolean {
    return this.#queue.length > 0 || this.#loads.length > 0;
  }

  /** What it is declared as now; its command counts from its next load on. */
  update(model: ModelRequest): void {
    this.#model = model;
    this.#servers.update(model);
    this.#armTtl();
    this.#parts.onChange();
  }

  /**
   * Waits for an instance that has room, and loads the model where it is not. `key`: what requests of one conversation have in common.
   * @throws GatewayError where too many wait already, or it cannot be loaded; the reason of `signal` when that is aborted.
   */
  async acquire(signal: AbortSignal, key?: string): Promise<Lease> {
    signal.throwIfAborted();
    if (this.#servers.isRetired) throw new GatewayError(503, `'${this.name}' is not declared any more.`);
    this.#idle.disarm();
    const since = performance.now();
    const free = this.#queue.length === 0 ? this.#pick(key) : undefined;
    if (free) return this.#lease(free, since, key);
    if (this.#queue.length >= this.#model.maxQueue) throw this.#full();
    return await new Promise<Lease>((resolve, reject) => {
      const waiting: Waiting = { since, key, resolve, reject };
      this.#queue.push(waiting);
      signal.addEventListener('abort', () => this.#forget(waiting, signal.reason as Error), { once: true });
      this.#ensureLoaded();
      this.#dispatch();
      this.#parts.onChange();
    });
  }

  /**
   * Resolves when an instance is ready.
   * @throws GatewayError where it cannot be loaded.
   */
  async load(instances?: number): Promise<void> {
    if (instances !== undefined) this.#servers.scale(instances);
    if (this.#servers.ready.length > 0) return;
    await new Promise<void>((resolve, reject) => {
      this.#loads.push({ resolve, reject });
      this.#ensureLoaded();
      this.#parts.onChange();
    });
    this.#armTtl();
  }

  /** Resolves when its processes are gone and their memory is back. `now`: what is being answered is broken off. */
  async unload(now: boolean): Promise<void> {
    this.#refuseAll(new GatewayError(503, `'${this.name}' was unloaded.`));
    await this.#end(now, 'unloaded');
  }

  /** It is not declared any more. */
  async retire(now = false): Promise<void> {
    this.#servers.retire();
    await this.unload(now);
  }

  /** See {@link Servers.relaunch}. */
  async relaunch(tree: TreeId): Promise<TreeId | undefined> {
    return await this.#servers.relaunch(tree);
  }

  begin(): void {
    this.#launch();
    this.#dispatch();
  }

  yield(): Promise<void> {
    return this.#end(false, 'unloaded for another model');
  }

  /** Nobody is answered: who waits is told why, and the next one tries again. */
  refuse(error: Error): void {
    this.#failure = errorText(error);
    this.#idle.disarm();
    this.#refuseAll(new GatewayError(503, this.#failure));
    this.#parts.group?.leave(this);
    this.#parts.onChange();
  }

  snapshot(): ModelSnapshot {
    const { name, aliases, description, runtime, maxConcurrent, exclusive } = this.#model;
    const { all, ready, wanted, outstanding, progress } = this.#servers;
    const state = this.#state;
    return {
      name,
      aliases,
      ...(description !== undefined && { description }),
      runtime,
      state,
      reason: state === 'failed' ? (this.#failure ?? '') : '',
      ...(state === 'loading' && progress !== undefined && { progress }),
      instances: all.map((instance) => snapshotOf(name, instance)),
      wanted,
      outstanding,
      capacity: ready.length * maxConcurrent,
      queued: this.#queue.length,
      ...(this.#idle.at !== undefined && { unloadAt: this.#idle.at }),
      ...(exclusive !== undefined && { exclusive }),
      statistics: this.statistics.snapshot(),
    };
  }

  get #state(): ModelState {
    const { isUnloading, all, ready } = this.#servers;
    if (isUnloading) return 'draining';
    if (ready.length > 0) return 'ready';
    if (all.length > 0) return 'loading';
    if (this.isWanted) return 'waiting';
    return this.#failure === undefined ? 'cold' : 'failed';
  }

  /** Where its group lets it: it may have to wait for its turn. */
  #ensureLoaded(): void {
    if (this.#servers.isUnloading || this.#servers.isRetired) return;
    const { group } = this.#parts;
    if (group && !group.mayAnswer(this)) group.want(this);
    else if (this.#servers.all.length === 0) this.#launch();
  }

  #launch(): void {
    this.#failure = undefined;
    this.#servers.launchMissing();
  }

  #loaded(): void {
    this.#failure = undefined;
    for (const { resolve } of this.#loads.splice(0)) resolve();
    this.#armTtl();
  }

  #refuseAll(error: GatewayError): void {
    for (const { reject } of [...this.#queue.splice(0), ...this.#loads.splice(0)]) reject(error);
  }

  #forget(waiting: Waiting, reason: Error): void {
    const at = this.#queue.indexOf(waiting);
    if (at < 0) return;
    this.#queue.splice(at, 1);
    waiting.reject(reason);
    this.#settle();
  }

  #dispatch(): void {
    for (let first = this.#queue[0]; first; first = this.#queue[0]) {
      const instance = this.#pick(first.key);
      if (!instance) return;
      this.#queue.shift();
      first.resolve(this.#lease(instance, first.since, first.key));
    }
  }

  /** Undefined where none has room, or none may answer now. */
  #pick(key: string | undefined): Instance | undefined {
    const { maxConcurrent, concurrencyLimit } = this.#model;
    if (this.#servers.isUnloading || (concurrencyLimit > 0 && this.outstanding >= concurrencyLimit)) return undefined;
    if (this.#parts.group && !this.#parts.group.mayAnswer(this)) return undefined;
    return this.#balancer.pick(this.#servers.all, maxConcurrent, key);
  }

  #lease(instance: Instance, since: number, key: string | undefined): Lease {
    const { connections } = instance;
    if (!connections) throw new Error(`a server of '${this.name}' is ready that was not launched`);
    instance.outstanding++;
    this.#balancer.remember(key, instance);
    this.#parts.onChange();
    let held = true;
    return {
      connections,
      lost: instance.lost.signal,
      queueMillis: performance.now() - since,
      release: (answered) => {
        if (!held) return;
        held = false;
        if (answered) for (const statistics of [this.statistics, instance.statistics]) statistics.add(answered);
        this.#servers.answered(instance);
        this.#dispatch();
        this.#settle();
      },
    };
  }

  /** A request less. */
  #settle(): void {
    this.#armTtl();
    this.#parts.group?.settle();
    this.#parts.onChange();
  }

  #full(): GatewayError {
    const { length } = this.#queue;
    const seconds = this.statistics.waitSeconds(length, this.#servers.all.length * this.#model.maxConcurrent);
    return new GatewayError(429, `${length} requests are waiting for '${this.name}', which is all that may (maxQueue).`, seconds);
  }

  #end(now: boolean, reason: string): Promise<void> {
    this.#idle.disarm();
    const unloading = this.#servers.unload(now, reason);
    this.#ending ??= this.#followEnd(unloading).finally(() => {
      this.#ending = undefined;
    });
    this.#parts.onChange();
    return this.#ending;
  }

  async #followEnd(unloading: Promise<void>): Promise<void> {
    try {
      await unloading;
    } catch (error) {
      this.#failure = errorText(error);
      throw error;
    } finally {
      this.#parts.group?.leave(this);
      // Who has come meanwhile is answered by new ones.
      if (this.isWanted) this.#ensureLoaded();
      this.#parts.onChange();
    }
  }

  #armTtl(): void {
    const { ttlMillis } = this.#model;
    const isIdle = this.outstanding === 0 && !this.isWanted && this.#state === 'ready';
    if (ttlMillis > 0 && isIdle) this.#idle.arm(ttlMillis);
    else this.#idle.disarm();
  }
}
