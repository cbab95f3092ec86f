import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { WardenClient } from '../client/wardenClient.ts';
import { WardenProcess } from '../client/wardenProcess.ts';
import { errorText } from '../protocol/errors.ts';
import type { TreeId } from '../protocol/identity.ts';
import { freeNameLike } from '../protocol/names.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { stateLogFolder } from '../records/logFolder.ts';
import { GuardianError } from './api.ts';
import { ownFolder } from './ownFolder.ts';

/** Maximum number of trees that run at the same time. */
const maxTrees = 1000;

/** What a tree needs of the warden that guards it. */
export interface TreeHost {
  readonly client: WardenClient;
  /** That its trees get without a change. */
  readonly environment: NodeJS.ProcessEnv;
  /** A name that no tree has, as near to this one as it can be; it stays taken until {@link started}. */
  freeName(plain: string): string;
  /** The tree of this name is listed, or was not started. */
  started(name: string): void;
  /** Calls the listener with every snapshot of the tree from now on; with undefined when the warden has ended, and the tree with it. */
  follow(tree: TreeId, listener: (snapshot: TreeSnapshot | undefined) => void): Disposable;
  /** Keeps this program running until it is disposed. */
  hold(): Disposable;
}

/** The warden of this program: one for all of its trees, started with the first, which ends when this program does. */
export class Guardian implements TreeHost {
  static #shared: Promise<Guardian> | undefined;
  readonly environment: NodeJS.ProcessEnv;
  readonly #warden: WardenProcess;
  readonly #listeners = new Map<TreeId, (snapshot: TreeSnapshot | undefined) => void>();
  #isLost = false;
  #trees: readonly TreeSnapshot[] = [];
  /** Names of trees that are being started. */
  readonly #starting = new Set<string>();
  #holds = 0;

  /** @throws GuardianError where it cannot be started. */
  static async open(): Promise<Guardian> {
    Guardian.#shared ??= Guardian.#start();
    const opening = Guardian.#shared;
    const forget = (): void => {
      if (Guardian.#shared === opening) Guardian.#shared = undefined;
    };
    const guardian = await opening.catch((error: unknown) => {
      forget();
      throw new GuardianError(errorText(error));
    });
    if (!guardian.#isLost) return guardian;
    forget();
    return await Guardian.open();
  }

  static async #start(): Promise<Guardian> {
    const environment = { ...process.env };
    const script = join(__dirname, 'warden.js');
    if (!existsSync(script)) throw new Error(`The warden's program is missing: ${script}.`);
    const warden = await WardenProcess.start({
      script,
      client: 'library',
      workspace: ownFolder() ?? homedir(),
      logFolder: stateLogFolder(),
      limits: { maxTrees },
    });
    const guardian = new Guardian(warden, environment);
    await warden.client.watch(0);
    // Until then, this program waits for it.
    guardian.#setReference();
    return guardian;
  }

  private constructor(warden: WardenProcess, environment: NodeJS.ProcessEnv) {
    this.#warden = warden;
    this.environment = environment;
    warden.client.onTrees((trees) => {
      this.#trees = trees;
      for (const tree of trees) this.#listeners.get(tree.id)?.(tree);
    });
    warden.client.onClose(() => {
      this.#isLost = true;
    });
    void warden.ended.then(() => {
      this.#isLost = true;
      for (const listener of this.#listeners.values()) listener(undefined);
    });
  }

  /** Resolves when the warden has ended, and nothing is left of what it guarded. */
  async ended(): Promise<void> {
    await this.#warden.ended;
  }

  get client(): WardenClient {
    return this.#warden.client;
  }

  freeName(plain: string): string {
    const running = new Set(this.#trees.flatMap(({ name, endedAt }) => (endedAt === undefined ? name : [])));
    const name = freeNameLike(plain, (one) => running.has(one) || this.#starting.has(one));
    this.#starting.add(name);
    return name;
  }

  started(name: string): void {
    this.#starting.delete(name);
  }

  follow(tree: TreeId, listener: (snapshot: TreeSnapshot | undefined) => void): Disposable {
    this.#listeners.set(tree, listener);
    const known = this.#trees.find(({ id }) => id === tree);
    if (known) listener(known);
    return { [Symbol.dispose]: () => void this.#listeners.delete(tree) };
  }

  hold(): Disposable {
    this.#holds++;
    this.#setReference();
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#holds--;
        isHeld = false;
        this.#setReference();
      },
    };
  }

  #setReference(): void {
    this.#warden.keepAlive(this.#holds > 0);
  }
}
