import * as vscode from 'vscode';
import type { WardenClient } from '../client/wardenClient.ts';
import type { OwnedWarden } from '../client/wardenProcess.ts';
import { errorText } from '../protocol/errors.ts';
import type { Lifetime, TreeId, TreeSnapshot } from '../protocol/messages.ts';
import { DetachedLink } from './detachedLink.ts';

export interface WardenLinkOptions {
  readonly script: string;
  readonly logFolder: string;
  readonly workspace: string;
  /** Identifies what the window shows, over its reloads; undefined in a window without a folder. */
  readonly window: string | undefined;
  readonly log: vscode.LogOutputChannel;
}

/** Milliseconds to wait for the message to the warden to leave, when the window closes. */
const leavePatience = 1000;

/**
 * The window's warden: started at the first need, watched, and replaced when it is gone; and beside it the one of the
 * processes that are to outlive the window.
 */
export class WardenLink implements vscode.Disposable {
  readonly #options: WardenLinkOptions;
  readonly #changed = new vscode.EventEmitter<void>();
  /** The trees have changed, in state or in figures. */
  readonly onDidChangeTrees = this.#changed.event;
  readonly #connected = new vscode.EventEmitter<WardenClient>();
  /** There is a warden of this window, and it was not there before. */
  readonly onDidConnect = this.#connected.event;
  readonly #detached: DetachedLink;
  #claiming: Promise<void> | undefined;
  #warden: Promise<OwnedWarden> | undefined;
  #managed: readonly TreeSnapshot[] = [];
  /** Who wants figures, and how often. */
  readonly #wanted = new Map<string, number>();
  #intervalMillis = 0;
  #leaving = false;

  constructor(options: WardenLinkOptions) {
    this.#options = options;
    const { script, workspace, window, log } = options;
    const identity = window === undefined ? undefined : { window, workspace };
    this.#detached = new DetachedLink({ script, identity, log, onChange: () => this.#changed.fire() });
  }

  /** Whether there is a warden of this window, or will be in a moment. */
  get isConnected(): boolean {
    return this.#warden !== undefined;
  }

  get trees(): readonly TreeSnapshot[] {
    return [...this.#managed, ...this.#detached.trees];
  }

  /** Finds what was there before this window was: detached processes, and the warden that it had before it was reloaded. */
  resume(): void {
    // A start that comes meanwhile waits for the answer, or there would be two wardens.
    if (this.#keepMillis() > 0)
      this.#claiming = this.#claim().catch((error: unknown) =>
        this.#options.log.warn(`The warden from before the reload: ${errorText(error)}`),
      );
    void this.#detached.find();
  }

  /** Of the warden that this tree belongs to. */
  async clientOf(tree: TreeId): Promise<WardenClient> {
    return await (this.#detached.trees.some(({ id }) => id === tree) ? this.#detached.client() : this.client());
  }

  /** @throws Error with what the warden said where it cannot be started. */
  async client(lifetime: Lifetime = 'managed'): Promise<WardenClient> {
    if (lifetime === 'detached') return await this.#detached.client();
    await this.#claiming;
    this.#warden ??= this.#start();
    const starting = this.#warden;
    try {
      return (await starting).client;
    } catch (error) {
      if (this.#warden === starting) this.#warden = undefined;
      throw error;
    }
  }

  /** Resolves when this tree, which was started a moment ago, is ready, or has failed. */
  async started({ id, state }: TreeSnapshot): Promise<void> {
    if (state !== 'starting') return;
    let isKnown = false;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        const tree = this.trees.find((candidate) => candidate.id === id);
        isKnown ||= tree !== undefined;
        // News of it come behind the answer to its start; when it is gone again, so is its warden.
        if (!isKnown || tree?.state === 'starting') return;
        subscription.dispose();
        resolve();
      };
      const subscription = this.onDidChangeTrees(look);
      look();
    });
  }

  /** How often somebody wants figures, in milliseconds; 0 where that one does not look. All get them as often as the keenest. */
  wantFigures(who: string, millis: number): void {
    if (millis > 0) this.#wanted.set(who, millis);
    else this.#wanted.delete(who);
    const intervalMillis = this.#wanted.size > 0 ? Math.min(...this.#wanted.values()) : 0;
    if (intervalMillis === this.#intervalMillis) return;
    this.#intervalMillis = intervalMillis;
    this.#detached.setInterval(intervalMillis);
    if (this.#warden) void this.#watch();
  }

  /** Tells the warden to end everything; it does so whether or not this window is still there. */
  async leave(): Promise<void> {
    this.#leaving = true;
    const warden = await this.#warden?.catch(() => undefined);
    const patience = new Promise<void>((resolve) => setTimeout(resolve, leavePatience).unref());
    await Promise.race([warden?.client.leave(this.#keepMillis()).catch(() => undefined), patience]);
  }

  dispose(): void {
    this.#detached.dispose();
    this.#changed.dispose();
    this.#connected.dispose();
  }

  /** 0 where everything is to end with the window, reloaded or not. */
  #keepMillis(): number {
    if (this.#options.window === undefined) return 0;
    const settings = vscode.workspace.getConfiguration('tree-warden');
    return settings.get('onReload') === 'keep' ? settings.get('reloadGrace', 15) * 1000 : 0;
  }

  async #claim(): Promise<void> {
    const { script, workspace, window, log } = this.#options;
    if (window === undefined) return;
    const { claimWarden } = await import('../client/otherWardens.ts');
    const warden = await claimWarden(script, { window, workspace }, 'extension');
    if (!warden) return;
    log.info(`Warden ${warden.client.welcome.warden} (pid ${warden.pid}) taken over after a reload.`);
    this.#warden = Promise.resolve(warden);
    await this.#follow(warden);
  }

  async #start(): Promise<OwnedWarden> {
    // Loaded at the first need: most windows with Tree Warden never start anything.
    const { WardenProcess } = await import('../client/wardenProcess.ts');
    const { script, logFolder, workspace, window, log } = this.#options;
    const settings = vscode.workspace.getConfiguration('tree-warden');
    const warden = await WardenProcess.start({
      script,
      client: 'extension',
      workspace,
      ...(window !== undefined && { window }),
      logFolder,
      limits: {
        maxTrees: settings.get('maxTrees', 100),
        maxProcesses: settings.get('maxProcesses', 0),
        timeLimit: settings.get('timeLimit') || '0s',
      },
      metricsPort: settings.get('metrics.port', 0),
      keepHistory: settings.get('history.keep', false),
    });
    log.info(`Warden ${warden.client.welcome.warden} started (pid ${warden.pid}).`);
    for (const shortcoming of warden.client.welcome.shortcomings) {
      log.warn(shortcoming);
      void vscode.window.showWarningMessage(shortcoming);
    }
    await this.#follow(warden);
    return warden;
  }

  async #follow(warden: OwnedWarden): Promise<void> {
    warden.client.onTrees((trees) => this.#take(trees));
    warden.client.onAlert((message) => void vscode.window.showErrorMessage(message));
    void warden.ended.then(({ orderly, said }) => this.#lost(warden, orderly, said));
    this.#take(await warden.client.watch(this.#intervalMillis));
    this.#connected.fire(warden.client);
  }

  async #watch(): Promise<void> {
    try {
      const warden = await this.#warden;
      if (warden) this.#take(await warden.client.watch(this.#intervalMillis));
    } catch (error) {
      this.#options.log.warn(`The warden could not be watched: ${errorText(error)}`);
    }
  }

  #take(trees: readonly TreeSnapshot[]): void {
    this.#managed = trees;
    this.#changed.fire();
  }

  /** By now the switch and we ourselves have ended what the warden left. */
  #lost(warden: OwnedWarden, orderly: boolean, said: string): void {
    if (this.#leaving) return;
    const running = this.#managed.filter((tree) => tree.endedAt === undefined).map((tree) => tree.name);
    this.#warden = undefined;
    this.#take([]);
    const what = orderly ? 'has ended' : 'was killed or has failed';
    this.#options.log.error(`Warden ${warden.client.welcome.warden} (pid ${warden.pid}) ${what}. ${said}`);
    const names =
      running.length > 0 ? vscode.l10n.t('These were ended with it: {0}.', running.join(', ')) : vscode.l10n.t('Nothing was running.');
    void vscode.window.showErrorMessage(
      vscode.l10n.t('Tree Warden’s guardian process {0}. {1} The next start uses a new one.', what, names),
    );
    // At once, so that the first start finds it ready, and so that what is left on record is swept.
    void this.client().catch((error: unknown) => void vscode.window.showErrorMessage(errorText(error)));
  }
}
