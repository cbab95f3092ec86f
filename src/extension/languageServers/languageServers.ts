import * as vscode from 'vscode';
import { errorText } from '../../protocol/errors.ts';
import type { TreeId } from '../../protocol/identity.ts';
import { settingIn } from '../settingIn.ts';
import type { WardenLink } from '../wardenLink.ts';
import type { DeclaredLanguageServer, WorkspaceSpecs } from '../workspaceSpecs.ts';
import type { LanguageServer } from './client/languageServer.ts';
import type { ServerHost } from './client/main.ts';
import type { ServerStatus } from './serverStatus.ts';

export interface LanguageServersOptions {
  readonly link: WardenLink;
  readonly specs: WorkspaceSpecs;
  readonly log: vscode.LogOutputChannel;
}

/** The language servers that processes.json declares. What runs them is loaded where there is one, in a trusted workspace. */
export class LanguageServers implements vscode.Disposable {
  readonly #options: LanguageServersOptions;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #subscriptions: readonly vscode.Disposable[];
  #loading: Promise<ServerHost> | undefined;
  #host: ServerHost | undefined;

  constructor(options: LanguageServersOptions) {
    this.#options = options;
    this.#subscriptions = [
      options.specs.onDidChange(() => this.#update()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#update()),
    ];
    this.#update();
  }

  get all(): readonly ServerStatus[] {
    return this.#host?.all ?? this.#options.specs.languageServers.map(idleStatus);
  }

  /** Whether a tree is of a language server, or was. */
  owns(tree: TreeId): boolean {
    return this.#host?.owns(tree) ?? false;
  }

  /** Where it is declared. */
  declared(name: string): DeclaredLanguageServer | undefined {
    return this.#options.specs.languageServers.find((server) => server.name === name);
  }

  /** @throws Error with one sentence where the workspace is not trusted, or there is no such server. */
  async find(name: string): Promise<LanguageServer> {
    if (!vscode.workspace.isTrusted)
      throw new Error(
        vscode.l10n.t('“{0}” was not started, because this workspace is not trusted and its processes.json contains commands.', name),
      );
    const server = (await this.#load()).find(name);
    if (server === undefined) throw new Error(vscode.l10n.t('There is no language server “{0}” in processes.json.', name));
    return server;
  }

  /** The window closes. */
  release(): void {
    this.#host?.release();
  }

  dispose(): void {
    for (const one of [...this.#subscriptions, this.#changed, ...(this.#host ? [this.#host] : [])]) one.dispose();
  }

  #update(): void {
    this.#changed.fire();
    if (!vscode.workspace.isTrusted || this.#options.specs.languageServers.length === 0) return;
    this.#load().catch((error: unknown) => this.#options.log.error(`Language servers: ${errorText(error)}`));
  }

  #load(): Promise<ServerHost> {
    this.#loading ??= this.#open();
    return this.#loading;
  }

  async #open(): Promise<ServerHost> {
    const { link, specs } = this.#options;
    const { ServerHost } = await import('./client/main.ts');
    const { TreesOfExtension } = await import('../treesOfExtension.ts');
    const { languageServerCommand } = await import('../../config/languageServerCommand.ts');
    const trees = new TreesOfExtension(link);
    const host = new ServerHost({
      ...{ link, specs },
      spawn: (name, command, options) => trees.spawnLike(name, command, options),
      resolve: ({ name, spec, folder }, address) =>
        languageServerCommand(name, spec, { workspaceFolder: folder.uri.fsPath, env: process.env, settingOf: settingIn(folder) }, address),
    });
    this.#host = host;
    host.onDidChange(() => this.#changed.fire());
    this.#changed.fire();
    return host;
  }
}

function idleStatus({ name, spec }: DeclaredLanguageServer): ServerStatus {
  const { trace = 'off' } = spec;
  return { name, phase: { at: 'idle' }, requestsPerMinute: 0, restarts: 0, trace, changed: false, undeclared: false };
}
