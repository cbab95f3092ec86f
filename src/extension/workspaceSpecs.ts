import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import type { ClientKeysSpec } from '../config/clientKeys.ts';
import { budgetOf } from '../config/gatewayBudget.ts';
import type { LanguageServerSpec } from '../config/languageServerSchema.ts';
import type { ResolvedSetting } from '../config/layers/resolvedSettings.ts';
import type { McpServerSpec } from '../config/mcpServerSchema.ts';
import type { ModelSpec } from '../config/modelSchema.ts';
import type { ParsedProcesses, Problem } from '../config/parseProcesses.ts';
import type { ProcessSpec } from '../config/processSchema.ts';
import { operatingSystem } from '../platform/operatingSystem.ts';
import { type MemoryBudget, smallerBudget } from '../protocol/modelMemory.ts';
import { FileProblems, sourceOf } from './fileProblems.ts';
import { IncludeWatchers } from './includeWatchers.ts';
import { errorText } from './localized.ts';
import { tellError } from './tell.ts';
import { folderLabels, nameInWindow, WindowNames } from './windowNames.ts';

export const processesPattern = '.vscode/processes.json';
/** What one person changes or adds, beside the file of the team. */
export const localPattern = '.vscode/processes.local.json';
/** A folder that comes or goes with its file is one event, and names the folder only. */
const watchedPattern = `{.vscode,${processesPattern},${localPattern}}`;

export interface DeclaredProcess {
  /** Unique in the window. */
  readonly name: string;
  /** The name in its file. */
  readonly written: string;
  readonly spec: ProcessSpec;
  readonly folder: vscode.WorkspaceFolder;
  /** The processes.json of its folder. */
  readonly root: vscode.Uri;
  /** The file that declares it: that one, the person's own, or one that they include. */
  readonly file: vscode.Uri;
  /** Zero-based line of its declaration. */
  readonly line: number;
}

export interface DeclaredModel extends Omit<DeclaredProcess, 'spec'> {
  readonly spec: ModelSpec;
}

export interface DeclaredMcpServer extends Omit<DeclaredProcess, 'spec'> {
  readonly spec: McpServerSpec;
}

/** A mistake of a file, as a row shows it. */
export interface Mistake {
  /** Of the process or model; undefined where it belongs to none. */
  readonly name?: string;
  readonly message: string;
  readonly file: vscode.Uri;
  /** Zero-based. */
  readonly line: number;
  readonly column: number;
}

/** What there is of processes.json in the workspace. */
export type FileState = 'none' | 'empty' | 'broken' | 'declares';

export interface DeclaredLanguageServer extends Omit<DeclaredProcess, 'spec'> {
  readonly spec: LanguageServerSpec;
}

interface ProcessesFile {
  readonly folder: vscode.WorkspaceFolder;
  readonly file: vscode.Uri;
  readonly fingerprint: string;
  readonly parsed: ParsedProcesses;
  /** Of the files that it includes. */
  readonly watchers: IncludeWatchers;
}

/** What a file declares, by its property of {@link ParsedProcesses}; each kind has names of its own. */
const kinds = ['specs', 'models', 'mcpServers', 'languageServers'] as const;
type Kind = (typeof kinds)[number];

/** What the workspace's processes.json files declare: read, watched, validated. A broken file keeps what it declared last. */
export class WorkspaceSpecs implements vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #problems = new FileProblems();
  readonly #subscriptions: vscode.Disposable[] = [];
  readonly #files = new Map<string, ProcessesFile>();
  readonly #names: Readonly<Record<Kind, WindowNames>>;
  #watchers: vscode.Disposable[] = [];
  #ready: Promise<void> = Promise.resolve();

  /** `isInUse`: whether something runs under this name. */
  constructor(log: vscode.LogOutputChannel, isInUse: (name: string) => boolean) {
    this.#log = log;
    const names = (): WindowNames => new WindowNames(isInUse);
    this.#names = { specs: names(), models: names(), mcpServers: names(), languageServers: names() };
    this.#subscriptions.push(
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.#watchFolders()),
      // What the files include is read from then on.
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.reload()),
    );
    this.#watchFolders();
  }

  /** Resolves when what is there has been read for the first time. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  get declared(): readonly DeclaredProcess[] {
    return this.#entries('specs', ({ specs }) => specs);
  }

  get models(): readonly DeclaredModel[] {
    return this.#entries('models', ({ models }) => models);
  }

  /** Of each folder that declares some; models by their names in the window. */
  get clientKeys(): readonly { readonly folder: vscode.WorkspaceFolder; readonly keys: ClientKeysSpec }[] {
    return [...this.#files.values()].flatMap(({ folder, file, parsed }) => {
      const entries = Object.entries(parsed.gateway.keys ?? {});
      const keys = entries.map(([name, { key, models }]) => [
        name,
        { key, models: models.map((model) => this.#nameOf('models', file, model)) },
      ]);
      return keys.length > 0 ? [{ folder, keys: Object.fromEntries(keys) as ClientKeysSpec }] : [];
    });
  }

  /** What all models of the window share: the smallest of what its folders declare. */
  get gatewayMemory(): MemoryBudget | undefined {
    return [...this.#files.values()].reduce<MemoryBudget | undefined>(
      (smallest, { parsed }) => smallerBudget(smallest, budgetOf(parsed.gateway)),
      undefined,
    );
  }

  get mcpServers(): readonly DeclaredMcpServer[] {
    return this.#entries('mcpServers', ({ mcpServers }) => mcpServers);
  }

  get languageServers(): readonly DeclaredLanguageServer[] {
    return this.#entries(
      'languageServers',
      ({ languageServers }) => languageServers,
      ({ languageServerLines, languageServerFiles }) => ({ lines: languageServerLines, files: languageServerFiles }),
    );
  }

  /** What is wrong with the files, in their order: of each entry the first mistake, and of each file the first that is in no entry. */
  get mistakes(): readonly Mistake[] {
    return [...this.#files.values()].flatMap(({ file, parsed: { general, mistakes } }) => [
      ...(general ? [asMistake(file, general)] : []),
      ...Array.from(mistakes, ([name, problem]) => asMistake(file, problem, name)),
    ]);
  }

  get fileState(): FileState {
    const files = [...this.#files.values()].map(({ parsed }) => parsed);
    if (files.length === 0) return 'none';
    if (
      files.some(({ specs, models, mcpServers, languageServers }) => specs.size + models.size + mcpServers.size + languageServers.size > 0)
    )
      return 'declares';
    return files.some(({ mistakes, general }) => mistakes.size > 0 || general !== undefined) ? 'broken' : 'empty';
  }

  /** What is wrong with the newest text of this declaration, which is used as it was before. */
  mistakeOf({ written, root }: Pick<DeclaredProcess, 'written' | 'root'>): Mistake | undefined {
    const problem = this.#files.get(root.toString())?.parsed.mistakes.get(written);
    return problem && asMistake(root, problem, written);
  }

  /** What a declaration consists of, and where each value comes from. */
  settingsOf({ written, root }: Pick<DeclaredProcess, 'written' | 'root'>): readonly ResolvedSetting[] {
    return this.#files.get(root.toString())?.parsed.settings.get(written)?.() ?? [];
  }

  /** Whether this declaration is the last good one of a file of which nothing can be read now. */
  isKept({ root }: Pick<DeclaredProcess, 'root'>): boolean {
    return this.#files.get(root.toString())?.parsed.isKept === true;
  }

  find(name: string): DeclaredProcess | undefined {
    return this.declared.find((process) => process.name === name);
  }

  /** By the name that it has in this folder's file, or in the window. */
  findIn(folder: vscode.WorkspaceFolder, name: string): DeclaredProcess | undefined {
    return this.declared.find((one) => one.written === name && isSameFolder(one.folder, folder)) ?? this.find(name);
  }

  /** The label of a folder, which no other one of this window has. */
  labelOf(folder: vscode.WorkspaceFolder): string {
    const folders = vscode.workspace.workspaceFolders ?? [];
    const labels = folderLabels(folders.map(({ name, uri }) => ({ name, path: uri.path })));
    return labels[folders.findIndex((one) => isSameFolder(one, folder))] ?? folder.name;
  }

  /** Where several folders declare a process of the name of a port, each has a port of its own; any other one they share. */
  portName(folder: vscode.WorkspaceFolder, name: string): string {
    return this.nameIn(folder, name);
  }

  /** The name in this window of what this folder's file declares under a name, or of the model that a dependency names; the same one where it has none. */
  nameIn(folder: vscode.WorkspaceFolder, name: string): string {
    const { file, parsed } = this.#files.get(fileOf(folder).toString()) ?? {};
    if (file === undefined || parsed === undefined) return name;
    const lookUp = (kind: 'specs' | 'models') => (written: string) =>
      parsed[kind].has(written) ? this.#nameOf(kind, file, written) : undefined;
    return nameInWindow(name, { process: lookUp('specs'), model: lookUp('models') });
  }

  /** Reads all files again, for a caller that has just written one and does not wait for the editor's notification. */
  async reload(): Promise<void> {
    await Promise.all((vscode.workspace.workspaceFolders ?? []).map((folder) => this.#load(folder)));
  }

  dispose(): void {
    for (const { watchers } of this.#files.values()) watchers.dispose();
    for (const disposable of [...this.#watchers, ...this.#subscriptions, this.#problems, this.#changed]) disposable.dispose();
  }

  #entries<T>(
    kind: Kind,
    pick: (parsed: ParsedProcesses) => ReadonlyMap<string, T>,
    placesOf: (parsed: ParsedProcesses) => Pick<ParsedProcesses, 'lines' | 'files'> = (parsed) => parsed,
  ): (Omit<DeclaredProcess, 'spec'> & { readonly spec: T })[] {
    return [...this.#files.values()].flatMap(({ folder, file, parsed }) => {
      const { lines, files } = placesOf(parsed);
      return Array.from(pick(parsed), ([written, spec]) => ({
        name: this.#nameOf(kind, file, written),
        written,
        spec,
        folder,
        root: file,
        file: sourceOf(file, files.get(written)),
        line: lines.get(written) ?? 0,
      }));
    });
  }

  #nameOf(kind: Kind, file: vscode.Uri, written: string): string {
    return this.#names[kind].of(keyOf(file, written)) ?? written;
  }

  /** Names are given anew when files or folders change, and at no other time: those of what has just ended stay until then. */
  #announce(): void {
    for (const kind of kinds) {
      const entries = [...this.#files.values()].flatMap(({ folder, file, parsed }) =>
        Array.from(parsed[kind].keys(), (written) => ({ key: keyOf(file, written), written, folder: this.labelOf(folder) })),
      );
      this.#names[kind].assign(entries);
    }
    this.#problems.set(Array.from(this.#files.values(), ({ file, parsed: { problems } }) => ({ file, problems })));
    this.#changed.fire();
  }

  #watchFolders(): void {
    for (const watcher of this.#watchers) watcher.dispose();
    this.#watchers = [];
    const folders = vscode.workspace.workspaceFolders ?? [];
    // What stays is declared all the time: what runs of it is not forgotten in between.
    for (const [key, file] of this.#files) {
      const folder = folders.find((one) => isSameFolder(one, file.folder));
      if (folder) this.#files.set(key, { ...file, folder });
      else this.#forget(key);
    }
    this.#ready = Promise.all(folders.map((folder) => this.#load(folder))).then(() => undefined);
    for (const folder of folders) {
      const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, watchedPattern));
      const reload = (): void => void this.#load(folder);
      this.#watchers.push(watcher, watcher.onDidChange(reload), watcher.onDidCreate(reload), watcher.onDidDelete(reload));
    }
    this.#announce();
  }

  #forget(key: string): void {
    this.#files.get(key)?.watchers.dispose();
    this.#files.delete(key);
  }

  async #load(folder: vscode.WorkspaceFolder): Promise<void> {
    const file = fileOf(folder);
    const key = file.toString();
    if (![file, vscode.Uri.joinPath(folder.uri, localPattern)].some(({ fsPath }) => existsSync(fsPath))) {
      this.#forget(key);
      this.#announce();
      return;
    }
    try {
      // Not before there is a file to read: it takes the validation library with it.
      const { readProcesses } = await import('../config/readProcesses.ts');
      const before = this.#files.get(key);
      const { parsed, fingerprint } = readProcesses(folder.uri.fsPath, {
        system: operatingSystem(),
        followsIncludes: vscode.workspace.isTrusted,
        before: before?.parsed,
      });
      // One save can be told of several times.
      if (fingerprint === before?.fingerprint) return;
      const watchers = before?.watchers ?? new IncludeWatchers(() => void this.#load(folder));
      watchers.watch(parsed.watched);
      this.#files.set(key, { folder, file, fingerprint, parsed, watchers });
      this.#announce();
      for (const { file: path = file.fsPath, line, column, message } of parsed.problems)
        this.#log.warn(`${path}:${line + 1}:${column + 1}: ${message}`);
    } catch (error) {
      const message = `Cannot read ${file.fsPath}: ${errorText(error)}.`;
      this.#log.error(message);
      void tellError(message);
    }
  }
}

function fileOf(folder: vscode.WorkspaceFolder): vscode.Uri {
  return vscode.Uri.joinPath(folder.uri, processesPattern);
}

function keyOf(file: vscode.Uri, written: string): string {
  return `${file.toString()}#${written}`;
}

function isSameFolder(one: vscode.WorkspaceFolder, other: vscode.WorkspaceFolder): boolean {
  return one.uri.toString() === other.uri.toString();
}

function asMistake(root: vscode.Uri, { message, file, line, column }: Problem, name?: string): Mistake {
  return { ...(name !== undefined && { name }), message, file: sourceOf(root, file), line, column };
}
