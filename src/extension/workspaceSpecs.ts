import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import type { McpServerSpec } from '../config/mcpServerSchema.ts';
import type { ModelSpec } from '../config/modelSchema.ts';
import type { ParsedProcesses, Problem } from '../config/parseProcesses.ts';
import type { ProcessSpec } from '../config/processSchema.ts';
import { readTextFile } from '../config/textFile.ts';
import { errorText } from '../protocol/errors.ts';
import { visible } from '../protocol/visible.ts';
import { tellError } from './tell.ts';

export const processesPattern = '.vscode/processes.json';

export interface DeclaredProcess {
  /** Unique in the window. */
  readonly name: string;
  readonly spec: ProcessSpec;
  readonly folder: vscode.WorkspaceFolder;
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

interface ProcessesFile {
  readonly folder: vscode.WorkspaceFolder;
  readonly file: vscode.Uri;
  readonly text: string;
  readonly parsed: ParsedProcesses;
}

/** What the workspace's processes.json files declare: read, watched, validated. A broken file keeps what it declared last. */
export class WorkspaceSpecs implements vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #diagnostics = vscode.languages.createDiagnosticCollection('tree-warden');
  readonly #subscriptions: vscode.Disposable[] = [];
  readonly #files = new Map<string, ProcessesFile>();
  #watchers: vscode.Disposable[] = [];
  #ready: Promise<void> = Promise.resolve();

  constructor(log: vscode.LogOutputChannel) {
    this.#log = log;
    this.#subscriptions.push(vscode.workspace.onDidChangeWorkspaceFolders(() => this.#watchFolders()));
    this.#watchFolders();
  }

  /** Resolves when what is there has been read for the first time. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  get declared(): readonly DeclaredProcess[] {
    return this.#entries(({ specs }) => specs);
  }

  get models(): readonly DeclaredModel[] {
    return this.#entries(({ models }) => models);
  }

  get mcpServers(): readonly DeclaredMcpServer[] {
    return this.#entries(({ mcpServers }) => mcpServers);
  }

  find(name: string): DeclaredProcess | undefined {
    return this.declared.find((process) => process.name === name);
  }

  /** Reads all files again, for a caller that has just written one and does not wait for the editor's notification. */
  async reload(): Promise<void> {
    await Promise.all((vscode.workspace.workspaceFolders ?? []).map((folder) => this.#load(folder)));
  }

  dispose(): void {
    for (const disposable of [...this.#watchers, ...this.#subscriptions, this.#diagnostics, this.#changed]) disposable.dispose();
  }

  /** Of all folders; what has the same name in several of them has its folder's in front. */
  #entries<T>(pick: (parsed: ParsedProcesses) => ReadonlyMap<string, T>): (Omit<DeclaredProcess, 'spec'> & { readonly spec: T })[] {
    const counts = new Map<string, number>();
    for (const { parsed } of this.#files.values()) for (const name of pick(parsed).keys()) counts.set(name, (counts.get(name) ?? 0) + 1);
    return [...this.#files.values()].flatMap(({ folder, file, parsed }) =>
      Array.from(pick(parsed), ([name, spec]) => ({
        name: counts.get(name) === 1 ? name : `${folder.name}/${name}`,
        spec,
        folder,
        file,
        line: parsed.lines.get(name) ?? 0,
      })),
    );
  }

  #watchFolders(): void {
    for (const watcher of this.#watchers) watcher.dispose();
    this.#watchers = [];
    this.#files.clear();
    this.#diagnostics.clear();
    const folders = vscode.workspace.workspaceFolders ?? [];
    this.#ready = Promise.all(folders.map((folder) => this.#load(folder))).then(() => undefined);
    for (const folder of folders) {
      const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, processesPattern));
      const reload = (): void => void this.#load(folder);
      this.#watchers.push(watcher, watcher.onDidChange(reload), watcher.onDidCreate(reload), watcher.onDidDelete(reload));
    }
    this.#changed.fire();
  }

  async #load(folder: vscode.WorkspaceFolder): Promise<void> {
    const file = vscode.Uri.joinPath(folder.uri, processesPattern);
    const key = file.toString();
    if (!existsSync(file.fsPath)) {
      this.#files.delete(key);
      this.#diagnostics.delete(file);
      this.#changed.fire();
      return;
    }
    try {
      // Not before there is a file to read: it takes the validation library with it.
      const { parseProcesses } = await import('../config/parseProcesses.ts');
      const text = readTextFile(file.fsPath);
      const before = this.#files.get(key);
      // One save can be told of several times.
      if (text === before?.text) return;
      const parsed = parseProcesses(text, before?.parsed);
      this.#files.set(key, { folder, file, text, parsed });
      this.#diagnostics.set(file, parsed.problems.map(asDiagnostic));
      this.#changed.fire();
      for (const { line, column, message } of parsed.problems) this.#log.warn(`${file.fsPath}:${line + 1}:${column + 1}: ${message}`);
    } catch (error) {
      const message = `Cannot read ${file.fsPath}: ${errorText(error)}.`;
      this.#log.error(message);
      void tellError(message);
    }
  }
}

function asDiagnostic({ line, column, endLine, endColumn, message }: Problem): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(
    new vscode.Range(line, column, endLine, endColumn),
    visible(message),
    vscode.DiagnosticSeverity.Error,
  );
  diagnostic.source = 'Tree Warden';
  return diagnostic;
}
