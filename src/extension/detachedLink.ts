import type * as vscode from 'vscode';
import type { WindowIdentity } from '../client/otherWardens.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import { errorText } from '../protocol/errors.ts';
import type { TreeSnapshot } from '../protocol/messages.ts';

export interface DetachedLinkOptions {
  readonly script: string;
  /** Undefined in a window that shows no folder: nothing would find its processes again. */
  readonly identity: WindowIdentity | undefined;
  readonly log: vscode.LogOutputChannel;
  /** The trees have changed, or the warden has come or gone. */
  onChange(): void;
}

/** When it is looked for again after it was lost, in milliseconds: by then, its successor has taken over. */
const lookAgainMillis = 2000;

/** The warden of this workspace's detached processes, which belongs to no window. */
export class DetachedLink implements vscode.Disposable {
  readonly #options: DetachedLinkOptions;
  #client: Promise<WardenClient> | undefined;
  #trees: readonly TreeSnapshot[] = [];
  #intervalMillis = 0;
  #retry: NodeJS.Timeout | undefined;
  #disposed = false;

  constructor(options: DetachedLinkOptions) {
    this.#options = options;
  }

  get trees(): readonly TreeSnapshot[] {
    return this.#trees;
  }

  /** @throws Error with one sentence where it cannot be had. */
  async client(): Promise<WardenClient> {
    const { identity, script } = this.#options;
    if (!identity) throw new Error('A detached process needs a workspace folder: otherwise no window could find it again.');
    if (!this.#client) {
      const { ensureDetachedWarden } = await import('../client/otherWardens.ts');
      this.#client ??= ensureDetachedWarden(script, identity, 'extension').then((client) => this.#follow(client));
      this.#client.catch(() => {
        this.#client = undefined;
      });
    }
    return await this.#client;
  }

  /** Connects to the one that is there; does nothing where there is none. */
  async find(): Promise<void> {
    const { identity, log } = this.#options;
    if (!identity || this.#client) return;
    try {
      const { findDetachedWarden } = await import('../client/otherWardens.ts');
      const client = await findDetachedWarden(identity, 'extension');
      if (client && !this.#client) this.#client = this.#follow(client);
    } catch (error) {
      log.warn(`Detached processes could not be looked for: ${errorText(error)}`);
    }
  }

  setInterval(intervalMillis: number): void {
    this.#intervalMillis = intervalMillis;
    void this.#client?.then((client) => client.watch(intervalMillis)).catch(() => undefined);
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#retry);
    void this.#client?.then((client) => client.dispose()).catch(() => undefined);
  }

  async #follow(client: WardenClient): Promise<WardenClient> {
    client.onTrees((trees) => this.#take(trees));
    client.onClose(() => {
      this.#client = undefined;
      this.#take([]);
      if (!this.#disposed) this.#retry = setTimeout(() => void this.find(), lookAgainMillis);
    });
    this.#take(await client.watch(this.#intervalMillis));
    return client;
  }

  #take(trees: readonly TreeSnapshot[]): void {
    this.#trees = trees;
    this.#options.onChange();
  }
}
