import * as vscode from 'vscode';
import type { WardenClient } from '../client/wardenClient.ts';
import { type Command, type Spawn, type SpawnOptions, StartError, type Tree } from '../library/api.ts';
import type { TreeHost } from '../library/guardian.ts';
import { requestFrom } from '../library/options.ts';
import { runBy } from '../library/runCommand.ts';
import { templated } from '../library/template.ts';
import { GuardedTree } from '../library/tree.ts';
import type { TreeId } from '../protocol/identity.ts';
import { freeNameLike, nameFrom } from '../protocol/names.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isLive } from '../protocol/trees.ts';
import type { WardenLink } from './wardenLink.ts';

/** Names of trees that are being started, by all extensions. */
const starting = new Set<string>();

/** Trees of another extension: guarded by the window's warden, in the view as all others, and ended with that extension. */
export class TreesOfExtension {
  readonly #link: WardenLink;
  readonly #trees = new Set<Tree>();
  readonly #environment = { ...process.env };
  readonly run = runBy((command, options = {}) => this.#start(command, options, true));

  constructor(link: WardenLink) {
    this.#link = link;
  }

  readonly spawn = templated(async (command, options: SpawnOptions = {}) => await this.#start(command, options)) as Spawn;

  /** As {@link spawn}, with a name like this one that is free. */
  async spawnLike(name: string, command: Command, options: SpawnOptions): Promise<Tree> {
    const free = this.#freeName(nameFrom(name, 'command'));
    try {
      return await this.#start(command, { ...options, name: free });
    } catch (error) {
      starting.delete(free);
      throw error;
    }
  }

  async #start(command: Command, options: SpawnOptions, isStderrRead?: boolean): Promise<Tree> {
    options.signal?.throwIfAborted();
    if (!vscode.workspace.isTrusted)
      throw new StartError(vscode.l10n.t('The command was not started, because this workspace is not trusted.'));
    const host = this.#hostOf(await this.#link.client());
    const tree = await GuardedTree.start(host, await requestFrom(command, options, host, isStderrRead), options);
    this.#trees.add(tree);
    void tree.exited.then(() => this.#trees.delete(tree));
    return tree;
  }

  /** The extension is deactivated. */
  dispose(): void {
    for (const tree of this.#trees) void tree.stop(vscode.l10n.t('its extension was deactivated'));
  }

  #hostOf(client: WardenClient): TreeHost {
    return {
      client,
      environment: this.#environment,
      freeName: (plain) => this.#freeName(plain),
      started: (name) => starting.delete(name),
      follow: (tree, listener) => this.#follow(tree, listener),
      // The editor runs on in any case.
      hold: () => ({ [Symbol.dispose]: () => undefined }),
    };
  }

  #freeName(plain: string): string {
    const running = new Set(this.#link.trees.filter(isLive).map(({ name }) => name));
    const name = freeNameLike(plain, (one) => running.has(one) || starting.has(one));
    starting.add(name);
    return name;
  }

  #follow(id: TreeId, listener: (snapshot: TreeSnapshot | undefined) => void): Disposable {
    let isListed = false;
    const look = (): void => {
      const tree = this.#link.trees.find((one) => one.id === id);
      isListed ||= tree !== undefined;
      // Not listed any more: its warden has been lost, and the tree with it.
      if (isListed) listener(tree);
    };
    const subscription = this.#link.onDidChangeTrees(look);
    look();
    return { [Symbol.dispose]: () => subscription.dispose() };
  }
}
