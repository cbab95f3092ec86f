import type * as vscode from 'vscode';
import type { WardenClient } from '../client/wardenClient.ts';
import type { WardenRegistry } from '../client/wardenRegistry.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import type { RecordFolder } from '../records/records.ts';
import { showAlert } from './alerts.ts';
import { errorText, localizedTrees } from './localized.ts';
import { tellWarning } from './tell.ts';

export interface FollowedWardensOptions {
  /** What they have, for the log: `detached processes`. */
  readonly what: string;
  readonly log: vscode.LogOutputChannel;
  /** Of the window's wardens; not loaded before it is needed. */
  readonly registry: () => Promise<WardenRegistry>;
  /** Which wardens on record are meant; not asked before something is looked for. */
  readonly isMeant: () => Promise<(record: RecordFolder) => boolean>;
  /** The trees have changed, or a warden has come or gone. */
  onChange(): void;
  /** There is a warden of this version, and it was not there before. */
  onConnect(client: WardenClient): void;
}

/** Pause before the next search after a warden was lost, in milliseconds: by then, its successor has taken over. */
const searchAgainMillis = 2000;

/** Wardens of one kind that belong to no window, with their trees. */
export class FollowedWardens implements vscode.Disposable {
  readonly #options: FollowedWardensOptions;
  /** By their connections, with their trees. */
  readonly #followed = new Map<WardenClient, readonly TreeSnapshot[]>();
  /** Resolve when the trees of a warden are known. */
  readonly #following = new Map<WardenClient, Promise<void>>();
  #intervalMillis = 0;
  #retry: NodeJS.Timeout | undefined;
  #disposed = false;

  constructor(options: FollowedWardensOptions) {
    this.#options = options;
  }

  get trees(): readonly TreeSnapshot[] {
    return [...this.#followed.values()].flat();
  }

  get clients(): readonly WardenClient[] {
    return [...this.#followed.keys()];
  }

  /** The warden that has this tree; undefined where it is none of these. */
  clientOf(tree: TreeId): WardenClient | undefined {
    return [...this.#followed].find(([, trees]) => trees.some(({ id }) => id === tree))?.[0];
  }

  /** Connects to those that run, and resolves when their trees are known. */
  async find(): Promise<void> {
    const { what, log, registry, isMeant } = this.#options;
    try {
      const { wardens, unreachable } = await (await registry()).connect(await isMeant());
      for (const { pid, error } of unreachable) log.warn(`The warden of ${what} (pid ${pid}) does not answer: ${errorText(error)}`);
      await Promise.all(wardens.map(({ client }) => this.follow(client)));
    } catch (error) {
      log.warn(`The warden of ${what} could not be looked for: ${errorText(error)}`);
    }
  }

  /** Resolves when its trees are known. */
  follow(client: WardenClient): Promise<void> {
    const following = this.#following.get(client) ?? this.#beginToFollow(client);
    this.#following.set(client, following);
    return following;
  }

  setInterval(intervalMillis: number): void {
    this.#intervalMillis = intervalMillis;
    for (const client of this.#followed.keys()) void this.#watch(client).catch(() => undefined);
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#retry);
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
