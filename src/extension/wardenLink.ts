import * as vscode from 'vscode';
import type { WardenClient } from '../client/wardenClient.ts';
import type { OwnedWarden } from '../client/wardenProcess.ts';
import type { WardenRegistry } from '../client/wardenRegistry.ts';
import { withoutEditor } from '../protocol/environment.ts';
import type { Lifetime, TreeId } from '../protocol/identity.ts';
import { RestartBudget, restartBudget } from '../protocol/restartBudget.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { labelOf } from '../protocol/trees.ts';
import { showAlert } from './alerts.ts';
import { DetachedLink } from './detachedLink.ts';
import { FollowedWardens } from './followedWardens.ts';
import { errorText, localizedTrees } from './localized.ts';
import { tellError, tellWarning } from './tell.ts';

export interface WardenLinkOptions {
  readonly script: string;
  readonly logFolder: string;
  readonly workspace: string;
  /** Identifies what the window shows, over its reloads; undefined in a window without a folder. */
  readonly window: string | undefined;
  readonly log: vscode.LogOutputChannel;
}

/** How long the window's close waits until the release of the trees is sent, in milliseconds. */
const releaseMillis = 1000;

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
  readonly #detachedConnected = new vscode.EventEmitter<WardenClient>();
  /** There is a warden of detached processes, and it was not there before. */
  readonly onDidConnectDetached = this.#detachedConnected.event;
  readonly #restarted = new vscode.EventEmitter<void>();
  /** The warden of this window was killed or has failed, and another one is being started. */
  readonly onDidRestart = this.#restarted.event;
  readonly #detached: DetachedLink;
  readonly #modelService: FollowedWardens;
  #sharedModels: ReadonlySet<string> = new Set();
  #registry: Promise<WardenRegistry> | undefined;
  #takingOver: Promise<void> | undefined;
  #resumed: Promise<void> = Promise.resolve();
  #warden: Promise<OwnedWarden> | undefined;
  #managed: readonly TreeSnapshot[] = [];
  #external: readonly TreeSnapshot[] = [];
  /** Intervals at which parts of the extension need figures, by the part's name. */
  readonly #intervals = new Map<string, number>();
  #intervalMillis = 0;
  #isClosing = false;
  readonly #restarts = new RestartBudget();

  constructor(options: WardenLinkOptions) {
    this.#options = options;
    const { script, workspace, window, log } = options;
    const identity = window === undefined ? undefined : { window, workspace };
    this.#detached = new DetachedLink({
      script,
      identity,
      log,
      registry: () => this.openRegistry(),
      onChange: () => this.#changed.fire(),
      onConnect: (client) => this.#detachedConnected.fire(client),
    });
    this.#modelService = new FollowedWardens({
      what: 'shared models',
      log,
      registry: () => this.openRegistry(),
      isMeant: async () => (await import('../client/modelService.ts')).isModelService,
      onChange: () => this.#changed.fire(),
      onConnect: () => undefined,
    });
  }

  /** Of the warden. */
  get script(): string {
    return this.#options.script;
  }

  /** Whether this window is known again after a reload: by the folder or the workspace that it shows. */
  get isKnownAgain(): boolean {
    return this.#options.window !== undefined;
  }

  /** Whether there is a warden of this window, or will be in a moment. */
  get isConnected(): boolean {
    return this.#warden !== undefined;
  }

  /** Processes that the editor and other extensions have started. */
  get external(): readonly TreeSnapshot[] {
    return this.#external;
  }

  get trees(): readonly TreeSnapshot[] {
    return [...this.#managed, ...this.#detached.trees, ...this.#sharedModelTrees];
  }

  /** Servers of the models that this window shares; the service has those of other windows as well. */
  get #sharedModelTrees(): readonly TreeSnapshot[] {
    return this.#modelService.trees.filter(({ pool }) => pool !== undefined && this.#sharedModels.has(pool));
  }

  /** The models of these names are those of the model service, whose servers are listed from now on. */
  async shareModels(names: readonly string[]): Promise<void> {
    this.#sharedModels = new Set(names);
    if (names.length > 0) await this.#modelService.find();
  }

  /** Resolves when it is known what was there before this window was. */
  get resumed(): Promise<void> {
    return this.#resumed;
  }

  /** Finds what was there before this window was: detached processes, and the warden that it had before it was reloaded. */
  resume(): void {
    // A start that comes meanwhile waits for the answer, or there would be two wardens.
    this.#takingOver = this.#takeOver().catch((error: unknown) =>
      this.#options.log.warn(`The warden from before the reload: ${errorText(error)}`),
    );
    this.#resumed = Promise.all([this.#takingOver, this.#detached.find()]).then(() => undefined);
  }

  /** Of the warden that this tree belongs to. */
  async clientOf(tree: TreeId): Promise<WardenClient> {
    return this.#detached.clientOf(tree) ?? this.#modelService.clientOf(tree) ?? (await this.client());
  }

  /** Wardens that may know what models of this window were asked; none is started for that. */
  async modelClients(): Promise<readonly WardenClient[]> {
    const own = this.isConnected ? [await this.client()] : [];
    return [...own, ...this.#modelService.clients];
  }

  /** Looks for a warden of detached processes, which a terminal may start at any time, as long as some of it `isWanted` here. */
  findDetachedWhile(isWanted: () => boolean): void {
    this.#detached.findWhile(isWanted);
  }

  /** @throws Error with what the warden wrote to stderr, where it cannot be started. */
  async client(lifetime: Lifetime = 'managed'): Promise<WardenClient> {
    if (lifetime === 'detached') return await this.#detached.client();
    await this.#takingOver;
    this.#warden ??= this.#start();
    const starting = this.#warden;
    try {
      return (await starting).client;
    } catch (error) {
      if (this.#warden === starting) this.#warden = undefined;
      throw error;
    }
  }

  /** Interval at which a part of the extension needs figures, in milliseconds; 0: not at all. The shortest interval counts for all. */
  wantFigures(part: string, millis: number): void {
    if (millis > 0) this.#intervals.set(part, millis);
    else this.#intervals.delete(part);
    const intervalMillis = this.#intervals.size > 0 ? Math.min(...this.#intervals.values()) : 0;
    if (intervalMillis === this.#intervalMillis) return;
    this.#intervalMillis = intervalMillis;
    this.#detached.setInterval(intervalMillis);
    this.#modelService.setInterval(intervalMillis);
    if (this.#warden) void this.#watch();
  }

  /** Has the warden end everything, or keep it for the reload; it does so whether or not this window is still there. */
  async release(): Promise<void> {
    this.#isClosing = true;
    const deadline = new Promise<void>((resolve) => setTimeout(resolve, releaseMillis).unref());
    await Promise.race([this.#releaseOwnership(), deadline]);
  }

  /** Also of a warden that is just being taken over: unless its new owner releases it, it does not wait for the next one. */
  async #releaseOwnership(): Promise<void> {
    await this.#takingOver;
    const warden = await this.#warden?.catch(() => undefined);
    await warden?.client.releaseOwnership(this.#keepMillis()).catch(() => undefined);
  }

  dispose(): void {
    this.#detached.dispose();
    this.#modelService.dispose();
    void this.#registry?.then((registry) => registry[Symbol.dispose]());
    this.#changed.dispose();
    this.#connected.dispose();
    this.#restarted.dispose();
    this.#detachedConnected.dispose();
  }

  /** 0 where everything is to end with the window, reloaded or not. */
  #keepMillis(): number {
    if (this.#options.window === undefined) return 0;
    const settings = vscode.workspace.getConfiguration('treeWarden');
    return settings.get('onReload') === 'keep' ? settings.get('reloadGrace', 30) * 1000 : 0;
  }

  /** The wardens that this window is connected to, whichever way. Loaded at the first need. */
  openRegistry(): Promise<WardenRegistry> {
    this.#registry ??= import('../client/wardenRegistry.ts').then(
      ({ WardenRegistry }) => new WardenRegistry('extension', this.#options.window),
    );
    return this.#registry;
  }

  async #takeOver(): Promise<void> {
    const { script, workspace, window, log } = this.#options;
    if (window === undefined) return;
    const { takeOverWarden } = await import('../client/otherWardens.ts');
    // Of one that ends its trees with the window, a terminal that outlives the extension host may be left.
    const isKept = this.#keepMillis() > 0;
    const warden = await takeOverWarden(script, { window, workspace }, 'extension', {
      isWanted: ({ trees }) => isKept || trees.some(({ external }) => external),
      onVersionProblem: (problem) => void tellWarning(problem),
    });
    if (!warden) return;
    log.info(`Warden ${warden.client.welcome.warden} (pid ${warden.pid}) taken over after a reload.`);
    this.#warden = Promise.resolve(warden);
    await this.#follow(warden);
  }

  async #start(): Promise<OwnedWarden> {
    // Loaded at the first need: most windows with Tree Warden never start anything.
    const { WardenProcess } = await import('../client/wardenProcess.ts');
    const { script, logFolder, workspace, window, log } = this.#options;
    const settings = vscode.workspace.getConfiguration('treeWarden');
    const warden = await WardenProcess.start({
      script,
      client: 'extension',
      env: withoutEditor(process.env),
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
    void this.#tellShortcomings(warden.client.welcome.shortcomings);
    await this.#follow(warden);
    return warden;
  }

  /** In one notification, with a button: the editor cuts the text of one without. */
  async #tellShortcomings(shortcomings: readonly string[]): Promise<void> {
    if (shortcomings.length === 0) return;
    const { log } = this.#options;
    for (const shortcoming of shortcomings) log.warn(shortcoming);
    const show = vscode.l10n.t('Show Log');
    if ((await tellWarning(shortcomings.join(' '), show)) === show) log.show();
  }

  async #follow(warden: OwnedWarden): Promise<void> {
    warden.client.onTrees((trees) => this.#take(trees));
    warden.client.onAlert((alert) => void showAlert(warden.client, alert));
    void warden.ended.then(({ orderly, stderrTail }) => this.#lost(warden, orderly, stderrTail));
    (await this.openRegistry()).add(warden.client, 'window');
    this.#take(await warden.client.watch(this.#intervalMillis, true));
    this.#connected.fire(warden.client);
  }

  async #watch(): Promise<void> {
    try {
      const warden = await this.#warden;
      if (warden) this.#take(await warden.client.watch(this.#intervalMillis, true));
    } catch (error) {
      this.#options.log.warn(`The warden could not be watched: ${errorText(error)}`);
    }
  }

  #take(trees: readonly TreeSnapshot[]): void {
    const shown = localizedTrees(trees);
    this.#managed = shown.filter(({ external }) => external === undefined);
    this.#external = shown.filter(({ external }) => external !== undefined);
    this.#changed.fire();
  }

  /** By now the switch and we ourselves have ended what the warden left. */
  #lost(warden: OwnedWarden, orderly: boolean, stderrTail: string): void {
    if (this.#isClosing) return;
    const guarded = this.#external.filter(({ external }) => external?.guard === 'guarded');
    const running = [...this.#managed, ...guarded].filter((tree) => tree.endedAt === undefined).map(labelOf);
    this.#warden = undefined;
    this.#take([]);
    const what = orderly ? 'has ended' : 'was killed or has failed';
    this.#options.log.error(`Warden ${warden.client.welcome.warden} (pid ${warden.pid}) ${what}. ${stderrTail}`);
    if (!this.#restarts.take()) {
      void this.#offerRestart(running);
      return;
    }
    void tellError(
      running.length > 0
        ? vscode.l10n.t(
            'Tree Warden’s background process ended unexpectedly, and these processes were stopped: {0}. The next start uses a new one.',
            running.join(', '),
          )
        : vscode.l10n.t('Tree Warden’s background process ended unexpectedly. No processes were running. The next start uses a new one.'),
    );
    // At once, so that the first start finds it ready, and so that what is left on record is swept.
    this.#startAgain();
  }

  #startAgain(): void {
    this.client().catch((error: unknown) => void tellError(errorText(error)));
    this.#restarted.fire();
  }

  /** The warden has ended too often: the user decides about the next start. */
  async #offerRestart(running: readonly string[]): Promise<void> {
    const [again, log] = [vscode.l10n.t('Start Background Process'), vscode.l10n.t('Show Log')];
    const { starts, withinMillis } = restartBudget;
    const chosen = await tellError(
      running.length > 0
        ? vscode.l10n.t(
            'Tree Warden’s background process ended {0} times in {1} minutes and is not restarted automatically. These processes were stopped: {2}.',
            starts + 1,
            withinMillis / 60_000,
            running.join(', '),
          )
        : vscode.l10n.t(
            'Tree Warden’s background process ended {0} times in {1} minutes and is not restarted automatically. No processes were running.',
            starts + 1,
            withinMillis / 60_000,
          ),
      again,
      log,
    );
    if (chosen === log) this.#options.log.show();
    if (chosen !== again) return;
    this.#restarts.reset();
    this.#startAgain();
  }
}
