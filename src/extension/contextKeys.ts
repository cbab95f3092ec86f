/** What the palette's `when` clauses ask for: commands are offered where there is something for them to act on. */
import * as vscode from 'vscode';
import { tcpPorts } from '../protocol/ports.ts';
import type { FoundProcesses } from './found/foundProcesses.ts';
import type { LanguageServers } from './languageServers/languageServers.ts';
import type { Models } from './models/models.ts';
import { isArmed, isRunning, isWaiting, type Processes } from './processes.ts';
import type { Profiles } from './profiles.ts';
import { runKeyOf } from './runs/runKey.ts';
import type { WardenLink } from './wardenLink.ts';

export interface ContextKeysParts {
  readonly processes: Processes;
  readonly models: Models;
  readonly languageServers: LanguageServers;
  readonly link: WardenLink;
  readonly found: FoundProcesses;
  readonly profiles: Pick<Profiles, 'known'>;
}

export class ContextKeys implements vscode.Disposable {
  readonly #processes: Processes;
  readonly #models: Models;
  readonly #link: WardenLink;
  readonly #found: FoundProcesses;
  readonly #languageServers: LanguageServers;
  readonly #profiles: Pick<Profiles, 'known'>;
  readonly #subscriptions: vscode.Disposable[];
  readonly #lastSet = new Map<string, boolean>();

  constructor({ processes, models, languageServers, link, found, profiles }: ContextKeysParts) {
    this.#profiles = profiles;
    this.#processes = processes;
    this.#models = models;
    this.#link = link;
    this.#found = found;
    this.#languageServers = languageServers;
    const update = (): void => this.#update();
    this.#subscriptions = [
      link.onDidChangeTrees(update),
      processes.onDidChangeSpecs(update),
      processes.onDidChangeNames(update),
      models.onDidChange(update),
      found.onDidChange(update),
      languageServers.onDidChange(update),
    ];
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
    this.#tell(
      'hasRecorded',
      all.some((process) => runKeyOf(process) !== undefined),
    );
    this.#tell(
      'hasIdle',
      all.some((process) => process.declared !== undefined && !isRunning(process)),
    );
    this.#tell('hasLive', live.length > 0 || all.some((process) => isArmed(process) || isWaiting(process)));
    this.#tell(
      'hasWatching',
      all.some(({ watch }) => watch?.state === 'watching'),
    );
    this.#tell(
      'hasUnwatched',
      all.some(({ watch }) => watch !== undefined && !['watching', 'off'].includes(watch.state)),
    );
    this.#tell(
      'hasReachable',
      live.some(({ tree }) => tcpPorts(tree.members).length > 0),
    );
    this.#tell(
      'hasExternal',
      this.#link.external.some(({ endedAt }) => endedAt === undefined),
    );
    this.#tell('hasProfiles', this.#profiles.known.length > 0);
    this.#tell('hasModels', this.#models.all.length > 0);
    this.#tell('hasFound', this.#found.shown.length > 0);
    this.#tell('hasHidden', this.#found.hiddenCount > 0);
    const hasLanguageServers = this.#languageServers.all.length > 0;
    this.#tell('hasLanguageServers', hasLanguageServers);
    this.#tell('hasRows', all.length > 0 || this.#models.all.length > 0 || hasLanguageServers);
  }

  /** News come several times a second; each of these changes rarely. */
  #tell(key: string, value: boolean): void {
    if (this.#lastSet.get(key) === value) return;
    this.#lastSet.set(key, value);
    void vscode.commands.executeCommand('setContext', `tree-warden.${key}`, value);
  }
}
