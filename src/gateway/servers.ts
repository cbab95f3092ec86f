import { errorText } from '../protocol/errors.ts';
import { drainMillis, type LivingServer, type ServerProgress } from '../protocol/gateway.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { ModelFacts } from '../protocol/modelFacts.ts';
import type { ModelRequest } from '../protocol/models.ts';
import { period } from '../protocol/timers.ts';
import { connectionsTo } from './connections.ts';
import { GatewayError, loadFailure } from './gatewayError.ts';
import { drained, type Instance, newInstance } from './instance.ts';
import type { InstanceEnd, Launched, Launcher, LaunchListener } from './launcher.ts';
import { askFacts, mergeFacts } from './modelFacts.ts';

export interface ServersListener {
  /** One of them can take requests now, or can no more. */
  onRoom(): void;
  /** One of them is ready, or fewer are wanted. */
  onReady(): void;
  /** One could not be loaded, or has ended and is not replaced, and this is why. */
  onLost(reason: Error, areOthersLeft: boolean): void;
  /** Whether a request waits for one. */
  isWanted(): boolean;
  /** Whether the memory that they need is theirs. */
  mayLaunch(): boolean;
  onChange(): void;
}

/** Limit of automatic relaunches after servers have ended by themselves: `count` within `withinMillis`. */
const relaunches = { count: 3, withinMillis: 60_000 } as const;
const unneeded = 'not needed any more';

/**
 * The servers of one model. One rule holds for each: from the moment in which its launch is begun, it is listed until its launcher has verified that nothing of it is
 * left and that its memory is back, however it ends. Where that cannot be verified, it stays listed, and it is tried again when its place is wanted.
 */
export class Servers {
  readonly #launcher: Launcher;
  readonly #listener: ServersListener;
  #model: ModelRequest;
  #desired: number;
  #all: readonly Instance[] = [];
  #progress: ServerProgress = {};
  /** When some have ended by themselves, by performance.now(). */
  #losses: number[] = [];
  #unloading: Promise<void> | undefined;
  /** What was begun before an unload does not launch anything behind it. */
  #unloads = 0;
  #onDrained: (() => void) | undefined;
  #retired = false;

  constructor(model: ModelRequest, launcher: Launcher, listener: ServersListener) {
    this.#model = model;
    this.#desired = model.instances;
    this.#launcher = launcher;
    this.#listener = listener;
  }

  /** Those included of which it is not verified yet that they are gone. */
  get all(): readonly Instance[] {
    return this.#all;
  }

  get ready(): readonly Instance[] {
    return this.#all.filter(({ state }) => state === 'ready');
  }

  /** Whether one is ready, or is being loaded. */
  get areAlive(): boolean {
    return this.#all.some(({ state }) => state !== 'draining');
  }

  /** Whether none is ready, and one is being loaded. */
  get areLoading(): boolean {
    return this.areAlive && this.ready.length === 0;
  }

  /** Number of servers of the loaded model. */
  get desired(): number {
    return this.#desired;
  }

  /** Number of those that are listed, and of those that are missing. */
  get expected(): number {
    if (this.#retired) return this.#all.length;
    return this.#desired + this.#all.filter(({ number }) => number > this.#desired).length;
  }

  /** Of the one that is being loaded. */
  get progress(): ServerProgress {
    return this.#progress;
  }

  /** As those that are ready have said: what one says goes with it. */
  get facts(): ModelFacts {
    return this.ready.reduce<ModelFacts>((facts, instance) => mergeFacts(facts, instance.facts), {});
  }

  /** Requests that are being answered. */
  get outstanding(): number {
    return this.#all.reduce((sum, { outstanding }) => sum + outstanding, 0);
  }

  get isUnloading(): boolean {
    return this.#unloading !== undefined;
  }

  /** Whether some are being ended. */
  get areEnding(): boolean {
    return this.isUnloading || this.#all.some(({ ending }) => ending !== undefined);
  }

  get isRetired(): boolean {
    return this.#retired;
  }

  /** Its command counts from the next launch on. */
  update(model: ModelRequest): void {
    const isScaled = model.instances !== this.#model.instances;
    this.#model = model;
    if (isScaled) this.scale(model.instances);
  }

  /** None is launched any more. */
  retire(): void {
    this.#retired = true;
  }

  launchMissing(): void {
    for (let number = 1; number <= this.#desired; number++) {
      // Each time: one that is launched may be what lets another model have its turn.
      if (this.isUnloading || this.#retired || !this.#listener.mayLaunch()) return;
      const occupant = this.#all.find((instance) => instance.number === number);
      if (!occupant) this.#launch(number);
      else if (occupant.ending || (occupant.state === 'draining' && occupant.outstanding === 0))
        void this.#endAndReplace(occupant, unneeded);
    }
  }

  /** Where none is loaded, it says how many there are to be. */
  scale(desired: number): void {
    this.#desired = desired;
    if (!this.areAlive || this.isUnloading) return;
    for (const instance of this.#all) {
      if (instance.number <= desired || instance.state === 'draining') continue;
      instance.state = 'draining';
      if (instance.outstanding === 0) void this.#endAndReplace(instance, unneeded);
    }
    this.launchMissing();
    this.#listener.onReady();
  }

  /**
   * Puts a new server in the place of this one, when that has answered; resolves with the new one's tree. Undefined where it is none of these.
   * @throws GatewayError where the new one cannot be loaded.
   */
  async relaunch(tree: TreeId): Promise<TreeId | undefined> {
    const instance = this.#all.find(({ launched }) => launched?.tree === tree);
    if (!instance || this.isUnloading) return undefined;
    const unloads = this.#unloads;
    instance.state = 'draining';
    this.#listener.onChange();
    await drained(instance, drainMillis);
    await this.#end(instance, 'restarted').catch((error: unknown) => {
      if (unloads === this.#unloads) this.#listener.onLost(error as Error, this.areAlive);
      throw error;
    });
    if (unloads !== this.#unloads) throw new GatewayError(503, `'${this.#model.name}' was unloaded.`, { retry: false });
    this.launchMissing();
    const next = this.#all.find(({ number }) => number === instance.number);
    await next?.settled;
    if (next?.state !== 'ready') throw loadFailure(next?.failure?.message ?? `'${this.#model.name}' could not be loaded.`);
    return next.launched?.tree;
  }

  /** This one has a request less. */
  answered(instance: Instance): void {
    instance.outstanding--;
    if (instance.outstanding === 0) for (const resolve of instance.onDrained) resolve();
    if (instance.state === 'draining' && instance.outstanding === 0 && !this.isUnloading && this.#all.includes(instance))
      void this.#endAndReplace(instance, unneeded);
    if (this.outstanding === 0) this.#onDrained?.();
  }

  /**
   * Ends all of them, when they have answered; `now`: what is being answered is broken off. Resolves when their processes are gone and their memory is back.
   * @throws Error where they are not; they stay listed then.
   */
  unload(now: boolean, reason: string): Promise<void> {
    this.#unloads++;
    this.#unloading ??= this.#drainAndEnd(now, reason).finally(() => {
      this.#unloading = undefined;
    });
    if (now) this.#onDrained?.();
    return this.#unloading;
  }

  /** Lists a server that is running already; one too many, or one that was about to end, is ended. */
  takeOver(server: LivingServer): void {
    const { instance: number, isEnding } = server;
    const instance = this.#begin(number, async (listener) => this.#launcher.takeOver(server, listener));
    if (isEnding || number > this.#desired) void this.#endAndReplace(instance, unneeded);
  }

  #launch(number: number): void {
    this.#begin(number, (listener) => this.#launcher.launch(this.#model, number, listener));
  }

  #begin(number: number, start: (listener: LaunchListener) => Promise<Launched>): Instance {
    this.#progress = {};
    const starting = start({
      onProgress: (progress) => {
        this.#progress = progress;
        this.#listener.onChange();
      },
      onHealth: (isHealthy, problem) => {
        instance.isHealthy = isHealthy;
        instance.problem = problem;
        this.#listener.onRoom();
        this.#listener.onChange();
      },
      isGivenUp: () => instance.state === 'draining',
    });
    const instance = newInstance(number, starting);
    this.#all = [...this.#all, instance];
    instance.settled = this.#follow(instance);
    this.#listener.onChange();
    return instance;
  }

  async #follow(instance: Instance): Promise<void> {
    try {
      const launched = await instance.starting;
      instance.launched = launched;
      instance.connections = launched.connections ?? connectionsTo(launched.port);
      void launched.ended.then((end) => this.#lost(instance, end));
      await launched.ready;
    } catch (error) {
      instance.failure = error as Error;
      // One that is being ended is dealt with by who does that.
      if (instance.state === 'loading') await this.#couldNotLoad(instance, instance.failure);
      return;
    }
    if (instance.state !== 'loading') return;
    instance.state = 'ready';
    instance.readyAt = performance.now();
    this.#listener.onReady();
    this.#listener.onRoom();
    this.#listener.onChange();
    void this.#learn(instance);
  }

  /** No request waits for that. */
  async #learn(instance: Instance): Promise<void> {
    const { connections } = instance;
    const { factRequests = [] } = this.#model;
    if (!connections || factRequests.length === 0) return;
    instance.facts = await askFacts(connections, factRequests);
    this.#listener.onChange();
  }

  async #couldNotLoad(instance: Instance, failure: Error): Promise<void> {
    const unloads = this.#unloads;
    const reason = await this.#end(instance, 'it could not be loaded').then(
      () => failure,
      (problem: unknown) => new Error(`${failure.message} ${errorText(problem)}`),
    );
    if (unloads === this.#unloads) this.#listener.onLost(reason, this.areAlive);
    this.#listener.onChange();
  }

  /** One has ended that was not asked to. */
  #lost(instance: Instance, { reason, wanted }: InstanceEnd): void {
    const { name } = this.#model;
    const { state, outstanding, ending } = instance;
    instance.lost.abort(new GatewayError(502, `The server of '${name}' ${reason} before it had answered.`));
    // Its requests are told by the signal above.
    void instance.connections?.destroy();
    // One that is being loaded, or is being ended, is dealt with by who does that.
    if (this.isUnloading || state === 'loading' || ending || !this.#all.includes(instance)) return;
    if (state === 'draining') {
      if (outstanding === 0) void this.#endAndReplace(instance, unneeded);
      return;
    }
    instance.state = 'draining';
    const now = performance.now();
    this.#losses = [...this.#losses.filter((at) => now - at < relaunches.withinMillis), now];
    const mayRelaunch = !wanted && this.#losses.length <= relaunches.count;
    const isReplaced = mayRelaunch && (this.areAlive || this.#listener.isWanted());
    if (!isReplaced) this.#listener.onLost(new Error(`the server of '${name}' ${reason}`), this.areAlive);
    void this.#endAndReplace(instance, 'it has ended', () => isReplaced || (!this.areAlive && this.#listener.isWanted()));
    this.#listener.onChange();
  }

  /** Of several, as they are scaled, or one that has ended by itself: when it is gone, there may be as many again. */
  async #endAndReplace(
    instance: Instance,
    reason: string,
    isReplaced: () => boolean = () => this.areAlive || this.#listener.isWanted(),
  ): Promise<void> {
    const unloads = this.#unloads;
    try {
      await this.#end(instance, reason);
      if (unloads === this.#unloads && isReplaced()) this.launchMissing();
    } catch (error) {
      if (unloads === this.#unloads) this.#listener.onLost(error as Error, this.areAlive);
    }
    this.#listener.onChange();
  }

  /**
   * Resolves when it is gone, and listed no more. Asking again joins what is under way, or tries again what has failed.
   * @throws Error where it cannot be verified.
   */
  #end(instance: Instance, reason: string): Promise<void> {
    instance.state = 'draining';
    instance.ending ??= this.#endOnce(instance, reason).finally(() => {
      instance.ending = undefined;
    });
    return instance.ending;
  }

  async #endOnce(instance: Instance, reason: string): Promise<void> {
    // One that is still being started is ended as soon as it is known what it is.
    const launched = await instance.starting.catch(() => undefined);
    if (launched) await this.#launcher.end(launched, reason);
    this.#all = this.#all.filter((other) => other !== instance);
  }

  async #drainAndEnd(now: boolean, reason: string): Promise<void> {
    if (!now && this.outstanding > 0) {
      let deadline: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
        deadline = setTimeout(resolve, period(drainMillis)).unref();
      });
      clearTimeout(deadline);
      this.#onDrained = undefined;
    }
    const ends = this.#all.map((instance) => {
      instance.lost.abort(new GatewayError(503, `'${this.#model.name}' was unloaded before it had answered.`, { retry: false }));
      return this.#end(instance, reason);
    });
    // Nothing is launched before each of them has succeeded or failed.
    for (const end of await Promise.allSettled(ends)) if (end.status === 'rejected') throw end.reason;
  }
}
