import { errorText } from '../protocol/errors.ts';
import type { LivingServer } from '../protocol/gateway.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { KnownMemory } from '../protocol/modelMemory.ts';
import type { ModelRequest, ModelSnapshot, ModelState } from '../protocol/models.ts';
import type { Admission, SizedMember } from './admission/admission.ts';
import { Balancer } from './balancer.ts';
import { GatewayError, loadFailure } from './gatewayError.ts';
import { IdleTimer, idleReason } from './idleTimer.ts';
import { type Instance, loadingSince, serverOf } from './instance.ts';
import type { Launcher } from './launcher.ts';
import type { Lease } from './lease.ts';
import { type Answered, Statistics } from './modelStatistics.ts';
import { declaredAnew, memoryNotBack, notDeclared, queueFull, unloadedByUser } from './poolErrors.ts';
import { poolSnapshot } from './poolSnapshot.ts';
import { poolState } from './poolState.ts';
import { swapReason } from './prompts/promptKeeper.ts';
import { remoteProblem } from './remote/remoteView.ts';
import { RequestQueue } from './requestQueue.ts';
import { Servers } from './servers.ts';
import type { Budget } from './spending/budget.ts';

export interface PoolParts {
  readonly launcher: Launcher;
  /** Undefined where nothing but its own requests decides when it is loaded. */
  readonly group: Admission<SizedMember> | undefined;
  /** What a server of it takes, as far as that is known. */
  memoryOf(model: ModelRequest): KnownMemory;
  /** What may still be asked of it; undefined where that has no limit. */
  budget?(): Budget | undefined;
  /** A server has answered. */
  onAnswered?(tree: TreeId, answered: Answered): void;
  /** Its snapshot has changed. */
  onChange(): void;
}

/** One model: the requests that wait for it, and the servers that answer them. */
export class ModelPool implements SizedMember {
  readonly statistics = new Statistics();
  readonly #parts: PoolParts;
  #model: ModelRequest;
  readonly #servers: Servers;
  readonly #queue = new RequestQueue();
  readonly #balancer = new Balancer();
  readonly #idle: IdleTimer;
  /** Orders of turns that have taken the place of its own, in which what it has counts until it is gone. */
  readonly #laterGroups = new Set<Admission<SizedMember>>();
  #failure: string | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #ending: { readonly unloading: Promise<void>; readonly done: Promise<void> } | undefined;

  constructor(model: ModelRequest, parts: PoolParts) {
    this.#model = model;
    this.#parts = parts;
    this.#failure = model.problem;
    this.#servers = new Servers(model, parts.launcher, {
      onRoom: () => this.#dispatch(),
      onReady: () => this.#loaded(),
      onLost: (reason, areOthersLeft) => this.#lost(reason, areOthersLeft),
      isWanted: () => this.isWanted,
      mayLaunch: () => parts.group?.mayLaunch(this) ?? true,
      onChange: () => this.#changed(),
    });
    this.#idle = new IdleTimer(() => void this.#end(false, idleReason(this.#model)).catch(() => undefined));
  }

  get name(): string {
    return this.#model.name;
  }

  get model(): ModelRequest {
    return this.#model;
  }

  get budget(): Budget | undefined {
    return this.#parts.budget?.();
  }

  /** Why its server elsewhere is known not to answer at present, as a sentence. */
  get problem(): string | undefined {
    return remoteProblem(this.#model, this.#servers.ready);
  }

  get outstanding(): number {
    return this.#servers.outstanding;
  }

  get expected(): number {
    return this.#servers.expected;
  }

  get listed(): number {
    return this.#servers.all.length;
  }

  get askedAt(): number {
    return this.#askedAt;
  }

  get isWanted(): boolean {
    return !this.#queue.isEmpty;
  }

  /** A request has to wait for a load. */
  get isUnloaded(): boolean {
    return this.#servers.ready.length === 0;
  }

  get isRetired(): boolean {
    return this.#servers.isRetired;
  }

  get isUnloading(): boolean {
    return this.#servers.isUnloading;
  }

  get isLoading(): boolean {
    return this.#servers.areLoading;
  }

  /** Goes on with servers that the process before this one had started, and with the number of instances that was desired then. */
  takeOver(instances: number, servers: readonly LivingServer[]): void {
    this.#servers.scale(instances);
    if (servers.length === 0) return;
    this.#parts.group?.takeOver(this);
    for (const server of servers) this.#servers.takeOver(server);
  }

  /** Takes a changed declaration; a changed command takes effect at the next load. */
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
    if (this.#servers.isRetired) throw notDeclared(this.name);
    this.#idle.disarm();
    const since = performance.now();
    this.#askedAt = since;
    const free = this.#queue.length === 0 ? this.#pick(key) : undefined;
    if (free) return this.#lease(free, since, key);
    if (this.#queue.length >= this.#model.maxQueue) throw this.#full();
    return await new Promise<Lease>((resolve, reject) => {
      this.#queue.add({ since, key, resolve, reject }, signal, () => this.#settle());
      this.#ensureLoaded();
      this.#dispatch();
      this.#parts.onChange();
    });
  }

  /**
   * Resolves when as many instances are ready as are wanted.
   * @throws GatewayError where one of them cannot be loaded.
   */
  async load(instances?: number): Promise<void> {
    if (this.#servers.isRetired) throw notDeclared(this.name);
    if (instances !== undefined) this.#servers.scale(instances);
    if (this.#isComplete) return;
    await new Promise<void>((resolve, reject) => {
      this.#queue.addLoad({ resolve, reject });
      this.#ensureLoaded();
      // Where some of several servers are ready, the missing ones are launched, too.
      this.#servers.launchMissing();
      this.#parts.onChange();
    });
    this.#armTtl();
  }

  /** Resolves when its processes are gone and their memory is free. `now`: answers under way are broken off. */
  async unload(now: boolean): Promise<void> {
    await this.#unload(now, unloadedByUser(this.name), 'unloaded by a client');
  }

  /** It is no longer declared, or is declared differently. A further call tries again what could not be ended. */
  async retire({ now = false, isReplaced = false }: { readonly now?: boolean; readonly isReplaced?: boolean } = {}): Promise<void> {
    this.#servers.retire();
    if (isReplaced) await this.#unload(now, declaredAnew(this.name), 'unloaded because its model is declared differently');
    else await this.#unload(now, notDeclared(this.name), 'unloaded because no client declares its model any more');
  }

  /** What it has counts in this order of turns, too, until it is verified to be gone. To be called when it is retired. */
  countIn(group: Admission<SizedMember>): void {
    if (group === this.#parts.group || this.#laterGroups.has(group) || this.listed === 0) return;
    this.#laterGroups.add(group);
    group.takeOver(this);
  }

  async #unload(now: boolean, error: GatewayError, reason: string): Promise<void> {
    this.#queue.rejectAll(error);
    await this.#end(now, reason);
  }

  /** See {@link Servers.relaunch}. */
  async relaunch(tree: TreeId): Promise<TreeId | undefined> {
    return await this.#servers.relaunch(tree);
  }

  begin(): void {
    if (this.isWanted || this.#servers.areAlive) this.#launch();
    this.#dispatch();
  }

  releaseMemory(reason: string): Promise<void> {
    return this.#end(false, `${swapReason}: ${reason}`);
  }

  /** Answers all waiting requests with the reason; the next request tries again. Servers that are loaded go on, without the further ones that were to be. */
  fail(error: Error): void {
    const reason = error instanceof GatewayError ? error : memoryNotBack(error);
    if (!this.#servers.areAlive) {
      this.#failWith(reason);
      return;
    }
    this.#queue.rejectLoads(reason);
    this.#servers.scale(this.listed);
    this.#settle();
  }

  #failWith(error: GatewayError): void {
    this.#failure = error.message;
    this.#idle.disarm();
    this.#queue.rejectAll(error);
    this.#leaveGroup();
    this.#parts.onChange();
  }

  /** Another model may use the memory only when it is verified that no server of this one is left. */
  #leaveGroup(): void {
    for (const group of this.#groups)
      if (this.listed === 0) group.leave(this);
      else group.settle();
  }

  #lost(reason: Error, areOthersLeft: boolean): void {
    const error = loadFailure(errorText(reason));
    if (!areOthersLeft) {
      this.#failWith(error);
      return;
    }
    // Requests go to the other servers; a load waits for all of them, and fails.
    this.#queue.rejectLoads(error);
    this.#settle();
  }

  snapshot(): ModelSnapshot {
    const state = this.#state;
    return poolSnapshot({
      model: this.#model,
      servers: this.#servers,
      state,
      reason: this.#reasonFor(state),
      queued: this.#queue.length,
      unloadAt: this.#idle.at,
      memory: this.#parts.memoryOf(this.#model),
      statistics: this.statistics,
      budget: this.budget,
    });
  }

  #reasonFor(state: ModelState): string {
    if (state === 'failed') return this.#failure ?? '';
    return (state === 'waiting' && this.#parts.group?.reasonToWait(this)) || '';
  }

  get #state(): ModelState {
    return poolState(this.#servers, this.isWanted, this.#failure);
  }

  /** Launches its servers, or asks its group for a turn first. */
  #ensureLoaded(): void {
    if (this.#servers.isUnloading || this.#servers.isRetired) return;
    if (!this.#hasTurn) this.#parts.group?.want(this);
    else if (!this.#servers.areAlive) this.#launch();
  }

  /** Whether it may load and answer now, as far as its group is concerned. */
  get #hasTurn(): boolean {
    return this.#parts.group?.mayAnswer(this) ?? true;
  }

  /** Whether as many are ready as are wanted. */
  get #isComplete(): boolean {
    return this.#servers.ready.length >= this.#servers.desired;
  }

  #launch(): void {
    this.#failure = undefined;
    this.#servers.launchMissing();
  }

  #loaded(): void {
    this.#failure = undefined;
    if (this.#isComplete) this.#queue.resolveLoads();
    this.#armTtl();
    this.#parts.group?.settle();
  }

  #dispatch(): void {
    for (let { first } = this.#queue; first; { first } = this.#queue) {
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
    if (!this.#hasTurn) return undefined;
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
      loadMillis: loadingSince(instance, since),
      server: serverOf(instance)?.tree,
      release: (answered) => {
        if (!held) return;
        held = false;
        if (answered) for (const statistics of [this.statistics, instance.statistics]) statistics.add(answered);
        if (answered && instance.launched) this.#parts.onAnswered?.(instance.launched.tree, answered);
        this.#servers.answered(instance);
        this.#dispatch();
        this.#settle();
      },
    };
  }

  /** A request was answered, or has gone. */
  #settle(): void {
    this.#armTtl();
    this.#changed();
  }

  /** All orders of turns in which it counts. */
  get #groups() {
    return [this.#parts.group, ...this.#laterGroups].filter((group) => group !== undefined);
  }

  #changed(): void {
    for (const group of this.#groups) group.settle();
    this.#parts.onChange();
  }

  #full(): GatewayError {
    const { length } = this.#queue;
    const seconds = this.statistics.waitSeconds(length, this.#servers.all.length * this.#model.maxConcurrent);
    return queueFull(this.name, length, seconds);
  }

  #end(now: boolean, reason: string): Promise<void> {
    this.#idle.disarm();
    const unloading = this.#servers.unload(now, reason);
    // Calls for the same unload share its result.
    if (this.#ending?.unloading !== unloading) this.#ending = { unloading, done: this.#followEnd(unloading) };
    this.#parts.onChange();
    return this.#ending.done;
  }

  async #followEnd(unloading: Promise<void>): Promise<void> {
    try {
      await unloading;
    } catch (error) {
      this.#failure = errorText(error);
      throw error;
    } finally {
      this.#leaveGroup();
      // Requests that came meanwhile are answered by new servers.
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
