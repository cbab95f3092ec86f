import * as vscode from 'vscode';
import { visible } from '../protocol/visible.ts';

/** Where a process is declared. */
export interface DeclaredPlace {
  readonly file: vscode.Uri;
  /** Zero-based. */
  readonly line: number;
}

/**
 * Why tasks have failed, in the editor's list of problems, at the declaration, until the next run. What a problem matcher finds is cleared by the
 * editor when a background task ends: "Show Errors" would show none.
 */
export class TaskProblems implements vscode.Disposable {
  readonly #collection = vscode.languages.createDiagnosticCollection('tree-warden tasks');
  /** By the names of their instances. */
  readonly #problems = new Map<string, { readonly file: vscode.Uri; readonly diagnostic: vscode.Diagnostic }>();

  set(process: string, { file, line }: DeclaredPlace, message: string): void {
    const diagnostic = new vscode.Diagnostic(new vscode.Range(line, 0, line, Number.MAX_SAFE_INTEGER), visible(message));
    diagnostic.source = 'Tree Warden';
    this.#problems.set(process, { file, diagnostic });
    this.#show(file);
  }

  clear(process: string): void {
    const known = this.#problems.get(process);
    if (known === undefined) return;
    this.#problems.delete(process);
    this.#show(known.file);
  }

  /** Clears all but these: their declarations have gone. */
  keep(isDeclared: (process: string) => boolean): void {
    for (const process of [...this.#problems.keys()]) if (!isDeclared(process)) this.clear(process);
  }

  dispose(): void {
    this.#collection.dispose();
  }

  #show(file: vscode.Uri): void {
    const here = [...this.#problems.values()].filter((problem) => problem.file.toString() === file.toString());
    this.#collection.set(
      file,
      here.map(({ diagnostic }) => diagnostic),
    );
  }
}
