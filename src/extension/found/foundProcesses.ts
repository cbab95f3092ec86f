import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { FoundProcess } from '../../config/import/foundTask.ts';
import type { ProcessSpec } from '../../config/processSchema.ts';
import { errorText } from '../../protocol/errors.ts';
import { nameInFolder } from '../windowNames.ts';
import type { WorkspaceSpecs } from '../workspaceSpecs.ts';
import { type Discovery, discoverIn, system } from './discoverIn.ts';

export interface FoundEntry extends FoundProcess {
  /** The name in a processes.json of its folder; {@link name} is unique in the window. */
  readonly ownName: string;
  readonly folder: vscode.WorkspaceFolder;
  readonly file: vscode.Uri;
  /** The declared process that is the same, or has its name. */
  readonly declaredAs?: string;
}

/** Where {@link FoundProcesses.hide} is remembered. */
const hiddenKey = 'hiddenFound';
/** Maximum number of hidden ones that are remembered; the oldest are forgotten. */
const maxHidden = 1000;
/** Time in milliseconds for which changes of files are collected: a checkout changes many at once. */
const settleMillis = 500;

/** Files that say what can be run, or how. */
const watched =
  '**/{package.json,package-lock.json,pnpm-lock.yaml,yarn.lock,bun.lock,deno.json,deno.jsonc,Procfile,Procfile.dev,tasks.json,compose.yaml,compose.yml,docker-compose.yaml,docker-compose.yml,ecosystem.config.*,process-compose.*,justfile,Justfile,Makefile,makefile,GNUmakefile,Cargo.toml,go.mod,main.go,main.rs,manage.py,application.rb,mise.toml,.mise.toml,.env,.gitignore}';

/** What the workspace knows without a processes.json. Nothing is read before it is wanted, and nothing in a workspace that is not trusted. */
export class FoundProcesses implements vscode.Disposable {
  readonly #specs: WorkspaceSpecs;
  readonly #memory: vscode.Memento;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #subscriptions: vscode.Disposable[];
  #watcher: vscode.Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isWanted = false;
  #isKnown = false;
  #looking: Promise<void> = Promise.resolve();
  #discoveries: ReadonlyMap<vscode.WorkspaceFolder, Discovery> = new Map();
  #all: readonly FoundEntry[] = [];

  constructor(specs: WorkspaceSpecs, memory: vscode.Memento, log: vscode.LogOutputChannel) {
    this.#specs = specs;
    this.#memory = memory;
    this.#log = log;
    const again = (): void => this.#lookSoon();
    this.#subscriptions = [
      specs.onDidChange(() => this.#arrange()),
      vscode.workspace.onDidGrantWorkspaceTrust(again),
      vscode.workspace.onDidChangeWorkspaceFolders(again),
    ];
  }

  /** Whether it is known what there is. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** All, also what is declared or hidden; what looks like something that keeps running comes first. */
  get all(): readonly FoundEntry[] {
    return this.#all;
  }

  /** What is neither declared nor hidden. */
  get shown(): readonly FoundEntry[] {
    const hidden = this.#hidden;
    return this.#all.filter((entry) => entry.declaredAs === undefined && !hidden.has(keyOf(entry)));
  }

  get hiddenCount(): number {
    const hidden = this.#hidden;
    return this.#all.filter((entry) => entry.declaredAs === undefined && hidden.has(keyOf(entry))).length;
  }

  find(name: string): FoundEntry | undefined {
    return this.#all.find((entry) => entry.name === name);
  }

  /** Has the workspace looked through, once; from then on, changes are followed. Resolves when it is known. */
  async want(): Promise<void> {
    if (!this.#isWanted) {
      this.#isWanted = true;
      this.#watcher = this.#watch();
      this.#looking = this.#look();
    }
    await this.#looking;
  }

  async hide(entry: FoundEntry): Promise<void> {
    const hidden = [...this.#hidden].filter((key) => key !== keyOf(entry));
    await this.#memory.update(hiddenKey, [...hidden, keyOf(entry)].slice(-maxHidden));
    this.#changed.fire();
  }

  async showHidden(): Promise<void> {
    await this.#memory.update(hiddenKey, undefined);
    this.#changed.fire();
  }

  /** The entries of a document as it is now, with their lines in it. */
  async inDocument({ uri }: vscode.TextDocument, text: string): Promise<readonly { readonly entry: FoundEntry; readonly line: number }[]> {
    await this.want();
    const folder = vscode.workspace.getWorkspaceFolder(uri);
    const discovery = [...this.#discoveries].find(([one]) => one.uri.toString() === folder?.uri.toString());
    if (!folder || !discovery) return [];
    const { discoverInText } = await import('../../config/import/discover.ts');
    const source = posix.relative(folder.uri.path, uri.path);
    return discoverInText(text, source, discovery[1].files, system).flatMap(({ label, line }) => {
      const entry = this.#all.find((one) => one.label === label && one.file.toString() === uri.toString());
      return entry ? [{ entry, line }] : [];
    });
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#watcher?.dispose();
    for (const subscription of [...this.#subscriptions, this.#changed]) subscription.dispose();
  }

  get #hidden(): ReadonlySet<string> {
    return new Set(this.#memory.get<string[]>(hiddenKey, []));
  }

  #watch(): vscode.Disposable {
    const watcher = vscode.workspace.createFileSystemWatcher(watched);
    const again = ({ path }: vscode.Uri): void => {
      if (!path.includes('/node_modules/')) this.#lookSoon();
    };
    return vscode.Disposable.from(watcher, watcher.onDidChange(again), watcher.onDidCreate(again), watcher.onDidDelete(again));
  }

  #lookSoon(): void {
    if (!this.#isWanted) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#looking = this.#looking.then(() => this.#look());
    }, settleMillis);
  }

  async #look(): Promise<void> {
    await this.#specs.ready;
    const folders = vscode.workspace.isTrusted ? (vscode.workspace.workspaceFolders ?? []) : [];
    const discoveries = new Map<vscode.WorkspaceFolder, Discovery>();
    for (const folder of folders) {
      try {
        if (folder.uri.scheme === 'file') discoveries.set(folder, await discoverIn(folder.uri.fsPath));
      } catch (error) {
        this.#log.warn(`${folder.uri.fsPath} could not be looked through for processes: ${errorText(error)}`);
      }
    }
    this.#discoveries = discoveries;
    this.#isKnown = true;
    this.#arrange();
  }

  #arrange(): void {
    const counts = new Map<string, number>();
    for (const { found } of this.#discoveries.values()) for (const { name } of found) counts.set(name, (counts.get(name) ?? 0) + 1);
    const declared = new Set(this.#specs.declared.map(({ name }) => name));
    this.#all = [...this.#discoveries].flatMap(([folder, { found }]) =>
      found.map((process): FoundEntry => {
        const declaredAs = this.#declaredAs(process, folder);
        // As names of processes.json that several folders have. Another one that is declared is not to be taken for it.
        const isTaken = (counts.get(process.name) ?? 0) > 1 || (declaredAs === undefined && declared.has(process.name));
        const name = isTaken ? nameInFolder(this.#specs.labelOf(folder), process.name) : process.name;
        const file = vscode.Uri.joinPath(folder.uri, process.source);
        return { ...process, name, ownName: process.name, folder, file, ...(declaredAs !== undefined && { declaredAs }) };
      }),
    );
    if (this.#isWanted) this.#changed.fire();
  }

  #declaredAs(process: FoundProcess, folder: vscode.WorkspaceFolder): string | undefined {
    const own = this.#specs.declared.filter((one) => one.folder.uri.toString() === folder.uri.toString());
    return own.find(({ written, spec }) => written === process.name || isSame(process, spec))?.name;
  }
}

/** Across restarts of the editor. */
function keyOf({ folder, source, label }: FoundEntry): string {
  return `${folder.uri.toString()}#${source}#${label}`;
}

function isSame(found: Pick<FoundProcess, 'command' | 'cwd'>, spec: Pick<ProcessSpec, 'command' | 'cwd'>): boolean {
  const folderOf = (cwd = '.'): string => posix.normalize(cwd.replace(/^\$\{workspaceFolder\}\/?/, './')).replace(/(?<=.)\/$/, '');
  return JSON.stringify(found.command) === JSON.stringify(spec.command) && folderOf(found.cwd) === folderOf(spec.cwd);
}
