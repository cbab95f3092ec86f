import type * as vscode from 'vscode';
import type { WindowIdentity } from '../client/otherWardens.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { withoutEditor } from '../protocol/environment.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { FollowedWardens, type FollowedWardensOptions } from './followedWardens.ts';

export interface DetachedLinkOptions extends Omit<FollowedWardensOptions, 'what' | 'isMeant'> {
  readonly script: string;
  /** Undefined in a window that shows no folder: nothing would find its processes again. */
  readonly identity: WindowIdentity | undefined;
}

/** How often a warden is looked for that a terminal may have started, in milliseconds. */
const lookMillis = 2000;

/** The wardens of this workspace's detached processes, which belong to no window: one, and after an update those of the older version that still have processes. */
export class DetachedLink implements vscode.Disposable {
  readonly #options: DetachedLinkOptions;
  readonly #wardens: FollowedWardens;
  #starting: Promise<WardenClient> | undefined;
  #looks: NodeJS.Timeout | undefined;

  constructor(options: DetachedLinkOptions) {
    this.#options = options;
    const { identity } = options;
    this.#wardens = new FollowedWardens({
      ...options,
      what: 'detached processes',
      isMeant: async () => {
        const { isOfWindow } = await import('../client/otherWardens.ts');
        return identity ? isOfWindow(identity.window, 'detached') : () => false;
      },
    });
  }

  get trees(): readonly TreeSnapshot[] {
    return this.#wardens.trees;
  }

  /** The warden that has this tree; undefined where it is none of these. */
  clientOf(tree: TreeId): WardenClient | undefined {
    return this.#wardens.clientOf(tree);
  }

  /**
   * The warden that starts detached processes.
   * @throws Error with one sentence where it cannot be started.
   */
  async client(): Promise<WardenClient> {
    const current = this.#wardens.clients.find((client) => !client.hasOnlyCore);
    if (current) {
      await this.#wardens.follow(current);
      return current;
    }
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return await this.#starting;
  }

  /** Connects to those that run, and resolves when their trees are known. */
  async find(): Promise<void> {
    if (this.#options.identity) await this.#wardens.find();
  }

  /** A terminal may have started it, which tells no window: as long as some of it `isWanted` here, it is looked for. */
  findWhile(isWanted: () => boolean): void {
    this.#looks ??= setInterval(() => {
      if (this.#wardens.clients.length === 0 && isWanted()) void this.find();
    }, lookMillis);
  }

  setInterval(intervalMillis: number): void {
    this.#wardens.setInterval(intervalMillis);
  }

  dispose(): void {
    this.#wardens.dispose();
    clearInterval(this.#looks);
  }

  async #start(): Promise<WardenClient> {
    const { identity, script, registry } = this.#options;
    if (!identity) throw new Error('A detached process needs a workspace folder: otherwise no window could find it again.');
    const { ensureDetachedWarden } = await import('../client/otherWardens.ts');
    const client = await ensureDetachedWarden(script, identity, await registry(), withoutEditor(process.env));
    await this.#wardens.follow(client);
    return client;
  }
}
