import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';

/** Watches single files, inside and outside of the workspace, also those that do not exist yet. */
export class IncludeWatchers implements vscode.Disposable {
  readonly #changed: () => void;
  readonly #watchers = new Map<string, vscode.Disposable>();

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** From now on these, by their absolute paths. */
  watch(paths: readonly string[]): void {
    for (const [path, watcher] of this.#watchers)
      if (!paths.includes(path)) {
        watcher.dispose();
        this.#watchers.delete(path);
      }
    for (const path of paths) if (!this.#watchers.has(path)) this.#watchers.set(path, this.#start(path));
  }

  dispose(): void {
    this.watch([]);
  }

  #start(path: string): vscode.Disposable {
    const watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(vscode.Uri.file(dirname(path)), escaped(basename(path))),
    );
    return vscode.Disposable.from(
      watcher,
      watcher.onDidChange(this.#changed),
      watcher.onDidCreate(this.#changed),
      watcher.onDidDelete(this.#changed),
    );
  }
}

/** Without what has a meaning in a pattern: any one character may stand there. */
function escaped(name: string): string {
  return name.replaceAll(/[*?{}[\]]/g, '?');
}
