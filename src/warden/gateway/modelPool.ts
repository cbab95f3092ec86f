import { errorText } from '../../protocol/errors.ts';
import type { TreeId } from '../../protocol/messages.ts';
import type { ModelRequest, ModelSnapshot, ModelState } from '../../protocol/models.ts';
import type { ExclusiveGroup, Rival } from './exclusiveGroup.ts';
import { GatewayError } from './gatewayError.ts';
import { Homes } from './homes.ts';
import { IdleTimer } from './idleTimer.ts';
import type { Launcher } from './launcher.ts';
import { countAnswer, drained, type Instance, type Lease, newInstance, snapshotOf, type Waiting } from './lease.ts';
import { Statistics } from './modelStatistics.ts';

export interface PoolParts {
  readonly launcher: Launcher;
  readonly group: ExclusiveGroup | undefined;
  /** What is known of it is another now. */
  onChange(): void;
}

/** How long requests that are being answered are waited for before their server is ended, in milliseconds. */
const drainMillis = 30_000;
/** What has ended by itself is started again, but not more often than so many times within so many milliseconds. */
const relaunches = { count: 3, withinMillis: 60_000 } as const;

/** One model: its instances, and who waits for them. */
export class ModelPool implements Rival {
  readonly statistics = new Statistics();
  readonly #parts: PoolParts;
  #model: ModelRequest;
  #wanted: number;
  #instances: Instance[] = [];
  readonly #queue: Waiting[] = [];
  /** Who waits until it is loaded, without a request. */
  #loads: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  readonly #homes = new Homes();
  readonly #idle: IdleTimer;
  #failure: string | undefined;
  #progress: number | undefined;
  /** When instances have ended by themselves, in milliseconds since 1970. */
  #losses: number[] = [];
  #unloading: Promise<void> | undefined;
  #onDrained: (() => void) | undefined;
  #retired = false;

  constructor(model: ModelRequest, parts: PoolParts) {
    this.#model = model;
    this.#wanted = model.instances;
    this.#parts = parts;
    this.#idle = new IdleTimer(() => void this.#end(false, 'nobody has asked it anything').catch(() => undefined));
  }

  get name(): string {
    return this.#model.name;
  }

  get model(): ModelRequest {
    return this.#model;
  }

  get outstanding(): number {
    return this.#instances.reduce((sum, { outstanding }) => sum + outstanding, 0);
  }

  get isWanted(): boolean {
    return this.#queue.length > 0 || this.#loads.length > 0;
  }

  /** What it is declared as now; its command counts from its next load on. */
  update(model: ModelRequest): void {
    const scaled = model.instances !== this.#model.instances;
    this.#model = model;
    if (scaled) this.#scale(model.instances);
    this.#armTtl();
    this.#parts.onChange();
  }

  /**
   * Waits for an instance that has room, and loads the model where it is not. `key`: what requests of one conversation have in common.
   * @throws GatewayError where too many wait already, or it cannot be loaded; the reason of `signal` when that is aborted.
   */
  async acquire(signal: AbortSignal, key?: string): Promise<Lease> {
    signal.throwIfAborted();
    if (this.#retired) throw new GatewayError(503, `'${this.name}' is not declared any more.`);
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
    if (instances !== undefined) this.#scale(instances);
    if (this.#instances.some(({ state }) => state === 'ready')) return;
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
    this.#retired = true;
    await this.unload(now);
  }

  /**
   * Puts a new server in the place of this one, when that has answered; resolves with the new one's tree. Undefined where it is none of ours.
   * @throws GatewayError where the new one cannot be loaded.
   */
  async relaunch(tree: TreeId): Promise<TreeId | undefined> {
    const instance = this.#instances.find(({ launched }) => launched?.tree === tree);
    if (!instance || this.#unloading) return undefined;
    instance.state = 'draining';
    this.#parts.onChange();
    await drained(instance, drainMillis);
    await this.#endOne(instance);
    const next = this.#instances.find(({ number }) => number === instance.number);
    await next?.settled;
    if (next?.state !== 'ready') throw new GatewayError(503, this.#failure ?? `'${this.name}' could not be loaded.`);
    return next.launched?.tree;
  }

  begin(): void {
    this.#launchMissing();
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
    const ready = this.#instances.filter(({ state }) => state === 'ready');
    const state = this.#state;
    return {
      name,
      aliases,
      ...(description !== undefined && { description }),
      runtime,
      state,
      reason: state === 'failed' ? (this.#failure ?? '') : '',
      ...(state === 'loading' && this.#progress !== undefined && { progress: this.#progress }),
      instances: this.#instances.map((instance) => snapshotOf(name, instance)),
      wanted: this.#wanted,
      outstanding: this.outstanding,
      capacity: ready.length * maxConcurrent,
      queued: this.#queue.length,
      ...(this.#idle.at !== undefined && { unloadAt: this.#idle.at }),
      ...(exclusive !== undefined && { exclusive }),
      statistics: this.statistics.snapshot(),
    };
  }

  get #state(): ModelState {
    if (this.#unloading) return 'draining';
    if (this.#instances.some(({ state }) => state === 'ready')) return 'ready';
    if (this.#instances.length > 0) return 'loading';
    if (this.isWanted) return 'waiting';
    return this.#failure === undefined ? 'cold' : 'failed';
  }

  /** Where its group lets it: it may have to wait for its turn. */
  #ensureLoaded(): void {
    if (this.#unloading || this.#retired) return;
    const { group } = this.#parts;
    if (group && !group.mayAnswer(this)) group.want(this);
    else if (this.#instances.length === 0) this.#launchMissing();
  }

  #launchMissing(): void {
    if (this.#unloading || this.#retired) return;
    for (let number = 1; number <= this.#wanted; number++)
      if (!this.#instances.some((instance) => instance.number === number)) this.#launch(number);
  }

  #launch(number: number): void {
    this.#failure = undefined;
    this.#progress = undefined;
    const starting = this.#parts.launcher.launch(this.#model, number, (percent) => {
      this.#progress = percent;
      this.#parts.onChange();
    });
    const instance = newInstance(number, starting);
    this.#instances.push(instance);
    instance.settled = this.#follow(instance);
    this.#parts.onChange();
  }

  async #follow(instance: Instance): Promise<void> {
    try {
      const launched = await instance.starting;
      instance.launched = launched;
      void launched.ended.then((end) => this.#lost(instance, end));
      await launched.ready;
    } catch (error) {
      await this.#couldNotLoad(instance, error as Error);
      return;
    }
    if (instance.state !== 'loading') return;
    instance.state = 'ready';
    for (const { resolve } of this.#loads.splice(0)) resolve();
    this.#dispatch();
    this.#armTtl();
    this.#parts.onChange();
  }

  async #couldNotLoad(instance: Instance, error: Error): Promise<void> {
    if (instance.launched) await this.#parts.launcher.end(instance.launched, 'it could not be loaded').catch(() => undefined);
    this.#remove(instance);
    if (this.#unloading) return;
    if (this.#instances.length === 0) this.refuse(error);
    this.#parts.onChange();
  }

  /** An instance has ended that was not asked to. */
  #lost(instance: Instance, { reason, wanted }: { readonly reason: string; readonly wanted: boolean }): void {
    const wasReady = instance.state === 'ready';
    instance.lost.abort(new GatewayError(502, `The server of '${this.name}' ${reason} before it had answered.`));
    // One that is being loaded, or is being ended, is dealt with by who does that.
    if (!wasReady || this.#unloading) return;
    this.#remove(instance);
    const now = Date.now();
    this.#losses = [...this.#losses.filter((at) => now - at < relaunches.withinMillis), now];
    const mayRelaunch = !wanted && this.#losses.length <= relaunches.count;
    if (mayRelaunch && (this.#instances.length > 0 || this.isWanted)) this.#launchMissing();
    else if (this.#instances.length === 0) this.refuse(new Error(`the server of '${this.name}' ${reason}`));
    this.#parts.onChange();
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

  /** The one that has least to do, or the one that knows the conversation; undefined where none has room, or may answer now. */
  #pick(key: string | undefined): Instance | undefined {
    const { maxConcurrent, concurrencyLimit } = this.#model;
    if (this.#unloading || (concurrencyLimit > 0 && this.outstanding >= concurrencyLimit)) return undefined;
    if (this.#parts.group && !this.#parts.group.mayAnswer(this)) return undefined;
    const free = this.#instances.filter(({ state, outstanding }) => state === 'ready' && outstanding < maxConcurrent);
    const home = key === undefined ? undefined : free.find(({ number }) => number === this.#homes.get(key));
    return home ?? free.toSorted((a, b) => a.outstanding - b.outstanding)[0];
  }

  #lease(instance: Instance, since: number, key: string | undefined): Lease {
    instance.outstanding++;
    if (key !== undefined) this.#homes.set(key, instance.number);
    this.#parts.onChange();
    let held = true;
    return {
      port: instance.launched?.port ?? 0,
      lost: instance.lost.signal,
      queueMillis: performance.now() - since,
      release: (outputTokens = 0) => {
        if (!held) return;
        held = false;
        countAnswer(instance, outputTokens);
        if (instance.state === 'draining' && instance.outstanding === 0 && !this.#unloading) void this.#endOne(instance);
        this.#dispatch();
        this.#settle();
      },
    };
  }

  /** A request less. */
  #settle(): void {
    if (this.outstanding === 0) this.#onDrained?.();
    this.#armTtl();
    this.#parts.group?.settle();
    this.#parts.onChange();
  }

  #full(): GatewayError {
    const { length } = this.#queue;
    const seconds = this.statistics.waitSeconds(length, this.#instances.length * this.#model.maxConcurrent);
    return new GatewayError(429, `${length} requests are waiting for '${this.name}', which is all that may (maxQueue).`, seconds);
  }

  #scale(wanted: number): void {
    this.#wanted = wanted;
    if (this.#instances.length === 0 || this.#unloading) return;
    for (const instance of this.#instances) {
      if (instance.number <= wanted || instance.state === 'draining') continue;
      instance.state = 'draining';
      if (instance.outstanding === 0) void this.#endOne(instance);
    }
    this.#launchMissing();
  }

  /** Of several, as they are scaled, or one that another is to replace. */
  #endOne(instance: Instance): Promise<void> {
    instance.ending ??= (async () => {
      if (instance.launched) await this.#parts.launcher.end(instance.launched, 'not needed any more').catch(() => undefined);
      this.#remove(instance);
      // There may be as many again, by now.
      this.#launchMissing();
      this.#parts.onChange();
    })();
    return instance.ending;
  }

  #remove(instance: Instance): void {
    this.#instances = this.#instances.filter((other) => other !== instance);
  }

  #end(now: boolean, reason: string): Promise<void> {
    this.#unloading ??= this.#drainAndEnd(now, reason).finally(() => {
      this.#unloading = undefined;
      this.#parts.group?.leave(this);
      // Who has come meanwhile is answered by new ones.
      if (this.isWanted) this.#ensureLoaded();
      this.#parts.onChange();
    });
    if (now) this.#onDrained?.();
    return this.#unloading;
  }

  async #drainAndEnd(now: boolean, reason: string): Promise<void> {
    this.#idle.disarm();
    this.#parts.onChange();
    if (!now && this.outstanding > 0) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
        setTimeout(resolve, drainMillis).unref();
      });
      this.#onDrained = undefined;
    }
    const instances = this.#instances;
    for (const instance of instances) {
      instance.state = 'draining';
      instance.lost.abort(new GatewayError(503, `'${this.name}' was unloaded before it had answered.`));
    }
    try {
      await Promise.all(
        instances.map(async ({ starting }) => {
          const launched = await starting.catch(() => undefined);
          if (launched) await this.#parts.launcher.end(launched, reason);
        }),
      );
    } catch (error) {
      this.#failure = errorText(error);
      throw error;
    } finally {
      this.#instances = [];
    }
  }

  #armTtl(): void {
    const { ttlMillis } = this.#model;
    const isIdle = this.outstanding === 0 && !this.isWanted && this.#state === 'ready';
    if (ttlMillis > 0 && isIdle) this.#idle.arm(ttlMillis);
    else this.#idle.disarm();
  }
}
