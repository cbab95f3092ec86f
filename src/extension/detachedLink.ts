import type * as vscode from 'vscode';
import type { WindowIdentity } from '../client/otherWardens.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import type { WardenRegistry } from '../client/wardenRegistry.ts';
import { withoutEditor } from '../protocol/environment.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { showAlert } from './alerts.ts';
import { errorText, localizedTrees } from './localized.ts';
import { tellWarning } from './tell.ts';

export interface DetachedLinkOptions {
  readonly script: string;
  /** Undefined in a window that shows no folder: nothing would find its processes again. */
  readonly identity: WindowIdentity | undefined;
  readonly log: vscode.LogOutputChannel;
  /** Of the window's wardens; not loaded before it is needed. */
  readonly registry: () => Promise<WardenRegistry>;
  /** The trees have changed, or a warden has come or gone. */
  onChange(): void;
  /** There is a warden of this version, and it was not there before. */
  onConnect(client: WardenClient): void;
}

/** Pause before the next search after a warden was lost, in milliseconds: by then, its successor has taken over. */
const searchAgainMillis = 2000;

/** How often a warden is looked for that a terminal may have started, in milliseconds. */
const lookMillis = 2000;

/** The wardens of this workspace's detached processes, which belong to no window: one, and after an update those of the older version that still have processes. */
export class DetachedLink implements vscode.Disposable {
  readonly #options: DetachedLinkOptions;
  /** By their connections, with their trees. */
  readonly #followed = new Map<WardenClient, readonly TreeSnapshot[]>();
  /** Resolve when the trees of a warden are known. */
  readonly #following = new Map<WardenClient, Promise<void>>();
  #starting: Promise<WardenClient> | undefined;
  #intervalMillis = 0;
  #retry: NodeJS.Timeout | undefined;
  #looks: NodeJS.Timeout | undefined;
  #disposed = false;

  constructor(options: DetachedLinkOptions) {
    this.#options = options;
  }

  get trees(): readonly TreeSnapshot[] {
    return [...this.#followed.values()].flat();
  }

  /** The warden that has this tree; undefined where it is none of these. */
  clientOf(tree: TreeId): WardenClient | undefined {
    return [...this.#followed].find(([, trees]) => trees.some(({ id }) => id === tree))?.[0];
  }

  /**
   * The warden that starts detached processes.
   * @throws Error with one sentence where it cannot be started.
   */
  async client(): Promise<WardenClient> {
    const current = [...this.#followed.keys()].find((client) => !client.hasOnlyCore);
    if (current) {
      await this.#following.get(current);
      return current;
    }
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return await this.#starting;
  }

  /** Connects to those that run, and resolves when their trees are known. */
  async find(): Promise<void> {
    const { identity, log, registry } = this.#options;
    if (!identity) return;
    try {
      const { isOfWindow } = await import('../client/otherWardens.ts');
      const { wardens, unreachable } = await (await registry()).connect(isOfWindow(identity.window, 'detached'));
      for (const { pid, error } of unreachable)
        log.warn(`The warden of detached processes (pid ${pid}) does not answer: ${errorText(error)}`);
      await Promise.all(wardens.map(({ client }) => this.#follow(client)));
    } catch (error) {
      log.warn(`Detached processes could not be looked for: ${errorText(error)}`);
    }
  }

  /** A terminal may have started it, which tells no window: as long as some of it `isWanted` here, it is looked for. */
  findWhile(isWanted: () => boolean): void {
    this.#looks ??= setInterval(() => {
      if (this.#followed.size === 0 && isWanted()) void this.find();
    }, lookMillis);
  }

  setInterval(intervalMillis: number): void {
    this.#intervalMillis = intervalMillis;
    for (const client of this.#followed.keys()) void this.#watch(client).catch(() => undefined);
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#retry);
    clearInterval(this.#looks);
  }

  async #start(): Promise<WardenClient> {
    const { identity, script, registry } = this.#options;
    if (!identity) throw new Error('A detached process needs a workspace folder: otherwise no window could find it again.');
    const { ensureDetachedWarden } = await import('../client/otherWardens.ts');
    const client = await ensureDetachedWarden(script, identity, await registry(), withoutEditor(process.env));
    await this.#follow(client);
    return client;
  }

  #follow(client: WardenClient): Promise<void> {
    const following = this.#following.get(client) ?? this.#beginToFollow(client);
    this.#following.set(client, following);
    return following;
  }

  async #beginToFollow(client: WardenClient): Promise<void> {
    this.#take(client, []);
    client.onTrees((trees) => this.#take(client, trees));
    client.onAlert((alert) => void showAlert(client, alert));
    client.onClose(() => {
      this.#followed.delete(client);
      this.#following.delete(client);
      this.#options.onChange();
      if (!this.#disposed) this.#retry = setTimeout(() => void this.find(), searchAgainMillis);
    });
    await this.#watch(client);
    if (client.versionProblem === undefined) this.#options.onConnect(client);
    else void tellWarning(client.versionProblem);
  }

  async #watch(client: WardenClient): Promise<void> {
    this.#take(client, await client.watch(this.#intervalMillis));
  }

  #take(client: WardenClient, trees: readonly TreeSnapshot[]): void {
    this.#followed.set(client, localizedTrees(trees));
    this.#options.onChange();
  }
}
