import * as vscode from 'vscode';
import type { Problem } from '../config/parseProcesses.ts';
import { visible } from '../protocol/visible.ts';

/** What is wrong with one workspace's processes.json and the files that belong to it. */
export interface FolderProblems {
  /** The processes.json. */
  readonly file: vscode.Uri;
  readonly problems: readonly Problem[];
}

/** Underlines what is wrong with the files, each problem in the file that it is in. */
export class FileProblems implements vscode.Disposable {
  readonly #diagnostics = vscode.languages.createDiagnosticCollection('tree-warden');
  readonly #subscriptions: readonly vscode.Disposable[];
  #folders: readonly FolderProblems[] = [];

  constructor() {
    const showAgain = (): void => this.#show();
    this.#subscriptions = [vscode.workspace.onDidOpenTextDocument(showAgain), vscode.workspace.onDidCloseTextDocument(showAgain)];
  }

  set(folders: readonly FolderProblems[]): void {
    this.#folders = folders;
    this.#show();
  }

  dispose(): void {
    for (const disposable of [...this.#subscriptions, this.#diagnostics]) disposable.dispose();
  }

  /** Each once, also where several folders include the file. What the editor's JSON language says of a file that is open is not said again. */
  #show(): void {
    const byFile = new Map<string, Map<string, vscode.Diagnostic>>();
    for (const { file, problems } of this.#folders)
      for (const problem of problems) {
        const uri = sourceOf(file, problem.file).toString();
        if (problem.isJson && isCheckedByEditor(uri)) continue;
        const known = byFile.get(uri) ?? new Map<string, vscode.Diagnostic>();
        byFile.set(uri, known.set(`${problem.line} ${problem.column} ${problem.message}`, asDiagnostic(problem)));
      }
    const before: vscode.Uri[] = [];
    this.#diagnostics.forEach((uri) => void before.push(uri));
    for (const uri of before) if (!byFile.has(uri.toString())) this.#diagnostics.delete(uri);
    for (const [uri, problems] of byFile) this.#diagnostics.set(vscode.Uri.parse(uri), [...problems.values()]);
  }
}

/** The file of this path; the processes.json itself where there is none. */
export function sourceOf(file: vscode.Uri, path: string | undefined): vscode.Uri {
  return path === undefined ? file : vscode.Uri.file(path);
}

function isCheckedByEditor(uri: string): boolean {
  const isOpen = vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri && !document.isClosed);
  return isOpen && vscode.workspace.getConfiguration('json').get('validate.enable', true);
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
