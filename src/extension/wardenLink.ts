import * as vscode from 'vscode';
import type { WardenClient } from '../client/wardenClient.ts';
import type { WardenProcess } from '../client/wardenProcess.ts';
import { errorText } from '../protocol/errors.ts';
import type { TreeSnapshot } from '../protocol/messages.ts';

export interface WardenLinkOptions {
  readonly script: string;
  readonly logFolder: string;
  readonly workspace: string;
  readonly log: vscode.LogOutputChannel;
}

/** Milliseconds to wait for the message to the warden to leave, when the window closes. */
const leavePatience = 1000;

/** The window's warden: started at the first need, watched, and replaced when it is gone. */
export class WardenLink implements vscode.Disposable {
  readonly #options: WardenLinkOptions;
  readonly #changed = new vscode.EventEmitter<void>();
  /** The trees have changed, in state or in figures. */
  readonly onDidChangeTrees = this.#changed.event;
  #warden: Promise<WardenProcess> | undefined;
  #trees: readonly TreeSnapshot[] = [];
  #intervalMillis = 0;
  #leaving = false;

  constructor(options: WardenLinkOptions) {
    this.#options = options;
  }

  get trees(): readonly TreeSnapshot[] {
    return this.#trees;
  }

  /** @throws Error with what the warden said where it cannot be started. */
  async client(): Promise<WardenClient> {
    this.#warden ??= this.#start();
    const starting = this.#warden;
    try {
      return (await starting).client;
    } catch (error) {
      if (this.#warden === starting) this.#warden = undefined;
      throw error;
    }
  }

  /** How often figures are wanted, in milliseconds; 0 where nobody looks. */
  setInterval(intervalMillis: number): void {
    if (intervalMillis === this.#intervalMillis) return;
    this.#intervalMillis = intervalMillis;
    if (this.#warden) void this.#watch();
  }

  /** Tells the warden to end everything; it does so whether or not this window is still there. */
  async leave(): Promise<void> {
    this.#leaving = true;
    const warden = await this.#warden?.catch(() => undefined);
    const patience = new Promise<void>((resolve) => setTimeout(resolve, leavePatience).unref());
    await Promise.race([warden?.client.leave().catch(() => undefined), patience]);
  }

  dispose(): void {
    this.#changed.dispose();
  }

  async #start(): Promise<WardenProcess> {
    // Loaded at the first need: most windows with Tree Warden never start anything.
    const { WardenProcess } = await import('../client/wardenProcess.ts');
    const { script, logFolder, workspace, log } = this.#options;
    const warden = await WardenProcess.start({ script, client: 'extension', workspace, logFolder });
    log.info(`Warden ${warden.client.welcome.warden} started (pid ${warden.pid}).`);
    warden.client.onTrees((trees) => this.#take(trees));
    warden.client.onAlert((message) => void vscode.window.showErrorMessage(message));
    void warden.ended.then(({ orderly, said }) => this.#lost(warden, orderly, said));
    for (const shortcoming of warden.client.welcome.shortcomings) {
      log.warn(shortcoming);
      void vscode.window.showWarningMessage(shortcoming);
    }
    this.#take(await warden.client.watch(this.#intervalMillis));
    return warden;
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
    this.#trees = trees;
    this.#changed.fire();
  }

  /** By now the switch and we ourselves have ended what the warden left. */
  #lost(warden: WardenProcess, orderly: boolean, said: string): void {
    if (this.#leaving) return;
    const running = this.#trees.filter((tree) => tree.endedAt === undefined).map((tree) => tree.name);
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
