import * as vscode from 'vscode';
import type { WardenClient } from '../client/wardenClient.ts';
import { declarationOf } from '../config/declarations.ts';
import type { NameStatus } from '../protocol/declare.ts';
import { errorText } from '../protocol/errors.ts';
import type { Lifetime } from '../protocol/identity.ts';
import type { WardenLink } from './wardenLink.ts';
import { processesPattern, type WorkspaceSpecs } from './workspaceSpecs.ts';

/** What one warden was told, and what it says of it. */
interface Known {
  /** As JSON, by the file that it comes from. */
  readonly sent: Map<string, string>;
  statuses: readonly NameStatus[];
}

/** Has this window's wardens know what its files declare, and hears from them what is desired of it. */
export class DeclaredNames implements vscode.Disposable {
  readonly #link: WardenLink;
  readonly #specs: WorkspaceSpecs;
  readonly #log: vscode.LogOutputChannel;
  readonly #known = new Map<WardenClient, Known>();
  #byName: ReadonlyMap<string, NameStatus> = new Map();
  readonly #changed = new vscode.EventEmitter<void>();
  /** What is desired of a name has changed, or what it runs with. */
  readonly onDidChange = this.#changed.event;
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor(link: WardenLink, specs: WorkspaceSpecs, log: vscode.LogOutputChannel) {
    this.#link = link;
    this.#specs = specs;
    this.#log = log;
    this.#subscriptions = [
      specs.onDidChange(() => this.#declareToAll()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#declareToAll()),
      link.onDidConnect((client) => this.#declareTo(client)),
      link.onDidConnectDetached((client) => this.#declareTo(client)),
    ];
  }

  /** Undefined where no warden knows the name. */
  status(name: string): NameStatus | undefined {
    return this.#byName.get(name);
  }

  /**
   * The warden of this lifetime, which knows by then what the files say now.
   * @throws Error with one sentence where it cannot be had.
   */
  async clientFor(lifetime: Lifetime = 'managed'): Promise<WardenClient> {
    await this.#specs.ready;
    const client = await this.#link.client(lifetime);
    await this.#declare(client);
    return client;
  }

  /** Has every warden that is connected know what the files say now. */
  async declareNewest(): Promise<void> {
    await this.#specs.ready;
    await Promise.all(Array.from(this.#known.keys(), (client) => this.#declare(client)));
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  #declareToAll(): void {
    for (const client of this.#known.keys()) this.#declareTo(client);
  }

  #declareTo(client: WardenClient): void {
    this.#follow(client);
    this.#declare(client).catch((error: unknown) =>
      this.#log.warn(`What the files declare could not be told to the warden: ${errorText(error)}`),
    );
  }

  #follow(client: WardenClient): Known {
    const before = this.#known.get(client);
    if (before) return before;
    const known: Known = { sent: new Map(), statuses: [] };
    this.#known.set(client, known);
    client.names.onChange((statuses) => this.#take(known, statuses));
    client.onClose(() => {
      this.#known.delete(client);
      this.#update();
    });
    return known;
  }

  /** File by file, where it is another one than before: what was not sent again is still declared. */
  async #declare(client: WardenClient): Promise<void> {
    if (!vscode.workspace.isTrusted) return;
    const known = this.#follow(client);
    const { lifetime } = client.welcome;
    const own = this.#specs.declared.filter(({ spec }) => (spec.lifetime ?? 'managed') === lifetime);
    const files = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => vscode.Uri.joinPath(uri, processesPattern).fsPath);
    // Also of a file that is gone: the warden may remember it from before a reload.
    const origins = new Set([...known.sent.keys(), ...files]);
    for (const origin of origins) {
      const declared = own.filter(({ file }) => file.fsPath === origin);
      const processes = await Promise.all(
        declared.map(({ name, spec, folder }) => declarationOf(name, spec, { workspaceFolder: folder.uri.fsPath, env: process.env })),
      );
      const text = JSON.stringify(processes);
      if (known.sent.get(origin) === text) continue;
      known.sent.set(origin, text);
      try {
        this.#take(known, await client.names.declare({ origin, processes }));
      } catch (error) {
        known.sent.delete(origin);
        throw error;
      }
    }
  }

  #take(known: Known, statuses: readonly NameStatus[]): void {
    known.statuses = statuses;
    this.#update();
  }

  /** Where several wardens know a name, the one for which it is declared counts. */
  #update(): void {
    const all = [...this.#known.values()].flatMap(({ statuses }) => statuses);
    const byName = new Map(all.map((status) => [status.name, status]));
    for (const status of all) if (status.origin !== undefined) byName.set(status.name, status);
    this.#byName = byName;
    this.#changed.fire();
  }
}
