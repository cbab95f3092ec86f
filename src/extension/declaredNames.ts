import * as vscode from 'vscode';
import type { WardenClient } from '../client/wardenClient.ts';
import { declarationOf } from '../config/declarations.ts';
import type { ProcessSpec } from '../config/processSchema.ts';
import type { TemplateContext } from '../config/resolveSpec.ts';
import type { Toolchain } from '../config/toolchains/toolchain.ts';
import type { NameStatus, ProcessDeclaration } from '../protocol/declare.ts';
import type { Lifetime } from '../protocol/identity.ts';
import { errorText } from './localized.ts';
import { SelectedPython } from './selectedPython.ts';
import { settingIn } from './settingIn.ts';
import { isActive, type NameAt, statusesByName } from './statusesByName.ts';
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
  /** Names that waited for their times under the window's warden when that was lost. */
  #lostSchedules: readonly string[] = [];
  #byName: ReadonlyMap<string, NameAt<WardenClient>> = new Map();
  readonly #python = new SelectedPython();
  /** Which Python and Node.js the processes were resolved to, for people. */
  readonly #toolchains = new Map<string, readonly Toolchain[]>();
  readonly #changed = new vscode.EventEmitter<void>();
  /** What is desired of a name has changed, or what it runs with. */
  readonly onDidChange = this.#changed.event;
  readonly #subscriptions: readonly vscode.Disposable[];

  constructor(link: WardenLink, specs: WorkspaceSpecs, log: vscode.LogOutputChannel) {
    this.#link = link;
    this.#specs = specs;
    this.#log = log;
    // Jobs come from terminals.
    link.findDetachedWhile(() => specs.declared.some(({ spec }) => spec.jobs !== undefined));
    this.#subscriptions = [
      specs.onDidChange(() => this.#declareToAll()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#declareToAll()),
      this.#python,
      this.#python.onDidChange(() => this.#declareToAll()),
      // Some of it may be values of settings.
      vscode.workspace.onDidChangeConfiguration(() => this.#declareToAll()),
      link.onDidConnect((client) => this.#declareTo(client)),
      link.onDidConnectDetached((client) => this.#declareTo(client)),
    ];
  }

  /** Undefined where no warden knows the name. */
  status(name: string): NameStatus | undefined {
    return this.#byName.get(name)?.status;
  }

  /** The Python and Node.js that a process runs with, as it is declared; empty where it says nothing of them. */
  toolchainsOf(name: string): readonly Toolchain[] {
    return this.#toolchains.get(name) ?? [];
  }

  /**
   * The warden where this name runs, or is to, whichever that is: `up --detach` has the one of the folder run anything. Where it does not, the one of the lifetime.
   * @throws Error with one sentence where it cannot be had.
   */
  async clientOf(name: string, lifetime?: Lifetime): Promise<WardenClient> {
    const own = await this.clientFor(lifetime);
    const { status, warden } = this.#byName.get(name) ?? {};
    return warden && status && isActive(status) ? warden : own;
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

  /** Names that waited for their times under the window's warden when that was lost; each once. */
  takeLostSchedules(): readonly string[] {
    const lost = this.#lostSchedules;
    this.#lostSchedules = [];
    return lost;
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
      if (!isDetached(client)) this.#lostSchedules = known.statuses.flatMap(({ name, schedule }) => (schedule?.isArmed ? name : []));
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
      const declared = own.filter(({ root }) => root.fsPath === origin);
      const processes = await Promise.all(
        declared.map(async ({ name, written, spec, folder }) => ({
          ...(await this.#declarationOf(name, spec, folder)),
          ...(written !== name && { written }),
        })),
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

  async #declarationOf(name: string, spec: ProcessSpec, folder: vscode.WorkspaceFolder): Promise<ProcessDeclaration> {
    const toolchains: Toolchain[] = [];
    const declaration = await declarationOf(name, spec, {
      ...templateContext(folder, this.#specs),
      selectedPython: () => this.#python.environmentIn(folder),
      onToolchain: (toolchain) => void toolchains.push(toolchain),
    });
    this.#toolchains.set(name, toolchains);
    return declaration;
  }

  #take(known: Known, statuses: readonly NameStatus[]): void {
    known.statuses = statuses;
    this.#update();
  }

  #update(): void {
    // What belongs to the window comes first.
    const all = [...this.#known].toSorted(([one], [other]) => Number(isDetached(one)) - Number(isDetached(other)));
    this.#byName = statusesByName(all.flatMap(([warden, { statuses }]) => statuses.map((status) => ({ status, warden }))));
    this.#changed.fire();
  }
}

function isDetached({ welcome }: WardenClient): boolean {
  return welcome.lifetime === 'detached';
}

/** What the variables of a declaration of this folder stand for. */
export function templateContext(folder: vscode.WorkspaceFolder, specs: WorkspaceSpecs): TemplateContext {
  return {
    workspaceFolder: folder.uri.fsPath,
    env: process.env,
    settingOf: settingIn(folder),
    portName: (name) => specs.portName(folder, name),
    processName: (name) => specs.nameIn(folder, name),
  };
}
