/** What the palette's `when` clauses ask for: commands are offered where there is something for them to act on. */
import * as vscode from 'vscode';
import type { Models } from './models/models.ts';
import type { Processes } from './processes.ts';
import type { WardenLink } from './wardenLink.ts';

export class ContextKeys implements vscode.Disposable {
  readonly #processes: Processes;
  readonly #models: Models;
  readonly #subscriptions: vscode.Disposable[];
  readonly #lastSet = new Map<string, boolean>();

  constructor(processes: Processes, models: Models, link: WardenLink) {
    this.#processes = processes;
    this.#models = models;
    const update = (): void => this.#update();
    this.#subscriptions = [link.onDidChangeTrees(update), processes.onDidChangeSpecs(update), models.onDidChange(update)];
    this.#update();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #update(): void {
    const { all, live } = this.#processes;
    this.#tell(
      'hasDeclared',
      all.some(({ declared }) => declared !== undefined),
    );
    this.#tell(
      'hasTrees',
      all.some(({ tree }) => tree !== undefined),
    );
    this.#tell('hasLive', live.length > 0);
    this.#tell('hasModels', this.#models.all.length > 0);
    this.#tell('hasRows', all.length > 0 || this.#models.all.length > 0);
  }

  /** News come several times a second; each of these changes rarely. */
  #tell(key: string, value: boolean): void {
    if (this.#lastSet.get(key) === value) return;
    this.#lastSet.set(key, value);
    void vscode.commands.executeCommand('setContext', `tree-warden.${key}`, value);
  }
}
