import type { TreeId } from '../../protocol/messages.ts';
import type { ModelRequest } from '../../protocol/models.ts';
import { connectionsTo } from './connections.ts';
import { GatewayError } from './gatewayError.ts';
import { drained, type Instance, newInstance } from './instance.ts';
import type { InstanceEnd, Launcher } from './launcher.ts';

export interface ServersListener {
  /** One of them can take requests now, or can no more. */
  onRoom(): void;
  /** One of them is ready. */
  onReady(): void;
  /** None of them is left, and this is why. */
  onNoneLeft(reason: Error): void;
  /** Whether somebody waits for one. */
  isWanted(): boolean;
  onChange(): void;
}

/** How long requests that are being answered are waited for before their server is ended, in milliseconds. */
const drainMillis = 30_000;
/** What has ended by itself is started again, but not more often than so many times within so many milliseconds. */
const relaunches = { count: 3, withinMillis: 60_000 } as const;

/** The servers of one model, from their launch to their end. */
export class Servers {
  readonly #launcher: Launcher;
  readonly #listener: ServersListener;
  #model: ModelRequest;
  #wanted: number;
  #all: Instance[] = [];
  #progress: number | undefined;
  /** When some have ended by themselves, in milliseconds since 1970. */
  #losses: number[] = [];
  #unloading: Promise<void> | undefined;
  #onDrained: (() => void) | undefined;
  #retired = false;

  constructor(model: ModelRequest, launcher: Launcher, listener: ServersListener) {
    this.#model = model;
    this.#wanted = model.instances;
    this.#launcher = launcher;
    this.#listener = listener;
  }

  get all(): readonly Instance[] {
    return this.#all;
  }

  get ready(): readonly Instance[] {
    return this.#all.filter(({ state }) => state === 'ready');
  }

  /** So many there are when the model is loaded. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Percent of the one that is being loaded. */
  get progress(): number | undefined {
    return this.#progress;
  }

  /** Requests that are being answered. */
  get outstanding(): number {
    return this.#all.reduce((sum, { outstanding }) => sum + outstanding, 0);
  }

  get isUnloading(): boolean {
    return this.#unloading !== undefined;
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
    if (this.isUnloading || this.#retired) return;
    for (let number = 1; number <= this.#wanted; number++)
      if (!this.#all.some((instance) => instance.number === number)) this.#launch(number);
  }

  /** Where none is loaded, it says how many there are to be. */
  scale(wanted: number): void {
    this.#wanted = wanted;
    if (this.#all.length === 0 || this.isUnloading) return;
    for (const instance of this.#all) {
      if (instance.number <= wanted || instance.state === 'draining') continue;
      instance.state = 'draining';
      if (instance.outstanding === 0) void this.#endOne(instance);
    }
    this.launchMissing();
  }

  /**
   * Puts a new server in the place of this one, when that has answered; resolves with the new one's tree. Undefined where it is none of these.
   * @throws GatewayError where the new one cannot be loaded.
   */
  async relaunch(tree: TreeId): Promise<TreeId | undefined> {
    const instance = this.#all.find(({ launched }) => launched?.tree === tree);
    if (!instance || this.isUnloading) return undefined;
    instance.state = 'draining';
    this.#listener.onChange();
    await drained(instance, drainMillis);
    await this.#endOne(instance);
    const next = this.#all.find(({ number }) => number === instance.number);
    await next?.settled;
    if (next?.state !== 'ready') throw new GatewayError(503, next?.failure?.message ?? `'${this.#model.name}' could not be loaded.`);
    return next.launched?.tree;
  }

  /** This one has a request less. */
  answered(instance: Instance): void {
    instance.outstanding--;
    if (instance.state === 'draining' && instance.outstanding === 0 && !this.isUnloading) void this.#endOne(instance);
    if (this.outstanding === 0) this.#onDrained?.();
  }

  /**
   * Ends all of them, when they have answered; `now`: what is being answered is broken off. Resolves when their processes are gone and their memory is back.
   * @throws Error where they are not.
   */
  unload(now: boolean, reason: string): Promise<void> {
    this.#unloading ??= this.#drainAndEnd(now, reason).finally(() => {
      this.#unloading = undefined;
    });
    if (now) this.#onDrained?.();
    return this.#unloading;
  }

  #launch(number: number): void {
    this.#progress = undefined;
    const starting = this.#launcher.launch(this.#model, number, {
      onProgress: (percent) => {
        this.#progress = percent;
        this.#listener.onChange();
      },
      onHealth: (isHealthy) => {
        instance.isHealthy = isHealthy;
        this.#listener.onRoom();
        this.#listener.onChange();
      },
    });
    const instance = newInstance(number, starting);
    this.#all.push(instance);
    instance.settled = this.#follow(instance);
    this.#listener.onChange();
  }

  async #follow(instance: Instance): Promise<void> {
    try {
      const launched = await instance.starting;
      instance.launched = launched;
      instance.connections = connectionsTo(launched.port);
      void launched.ended.then((end) => this.#lost(instance, end));
      await launched.ready;
    } catch (error) {
      instance.failure = error as Error;
      await this.#couldNotLoad(instance, instance.failure);
      return;
    }
    if (instance.state !== 'loading') return;
    instance.state = 'ready';
    this.#listener.onReady();
    this.#listener.onRoom();
    this.#listener.onChange();
  }

  async #couldNotLoad(instance: Instance, error: Error): Promise<void> {
    if (instance.launched) await this.#launcher.end(instance.launched, 'it could not be loaded').catch(() => undefined);
    this.#remove(instance);
    if (this.isUnloading) return;
    if (this.#all.length === 0) this.#listener.onNoneLeft(error);
    this.#listener.onChange();
  }

  /** One has ended that was not asked to. */
  #lost(instance: Instance, { reason, wanted }: InstanceEnd): void {
    const { name } = this.#model;
    const wasReady = instance.state === 'ready';
    instance.lost.abort(new GatewayError(502, `The server of '${name}' ${reason} before it had answered.`));
    void instance.connections?.destroy();
    // One that is being loaded, or is being ended, is dealt with by who does that.
    if (!wasReady || this.isUnloading) return;
    this.#remove(instance);
    const now = Date.now();
    this.#losses = [...this.#losses.filter((at) => now - at < relaunches.withinMillis), now];
    const mayRelaunch = !wanted && this.#losses.length <= relaunches.count;
    if (mayRelaunch && (this.#all.length > 0 || this.#listener.isWanted())) this.launchMissing();
    else if (this.#all.length === 0) this.#listener.onNoneLeft(new Error(`the server of '${name}' ${reason}`));
    this.#listener.onChange();
  }

  /** Of several, as they are scaled, or one that another is to replace. */
  #endOne(instance: Instance): Promise<void> {
    instance.ending ??= (async () => {
      if (instance.launched) await this.#launcher.end(instance.launched, 'not needed any more').catch(() => undefined);
      this.#remove(instance);
      // There may be as many again, by now.
      this.launchMissing();
      this.#listener.onChange();
    })();
    return instance.ending;
  }

  #remove(instance: Instance): void {
    this.#all = this.#all.filter((other) => other !== instance);
  }

  async #drainAndEnd(now: boolean, reason: string): Promise<void> {
    if (!now && this.outstanding > 0) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
        setTimeout(resolve, drainMillis).unref();
      });
      this.#onDrained = undefined;
    }
    const instances = this.#all;
    for (const instance of instances) {
      instance.state = 'draining';
      instance.lost.abort(new GatewayError(503, `'${this.#model.name}' was unloaded before it had answered.`));
    }
    try {
      await Promise.all(
        instances.map(async ({ starting }) => {
          const launched = await starting.catch(() => undefined);
          if (launched) await this.#launcher.end(launched, reason);
        }),
      );
    } finally {
      this.#all = [];
    }
  }
}
