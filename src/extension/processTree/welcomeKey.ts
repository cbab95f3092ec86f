import * as vscode from 'vscode';
import type { FoundProcesses } from '../found/foundProcesses.ts';
import type { WorkspaceSpecs } from '../workspaceSpecs.ts';

export type ShowFound = 'auto' | 'always' | 'never';

/** Tells package.json's `viewsWelcome` which of its texts is the right one, while the view has no rows. */
export class WelcomeKey {
  readonly #specs: WorkspaceSpecs;
  readonly #found: FoundProcesses;
  #isRead = false;
  #last: string | undefined;

  constructor(specs: WorkspaceSpecs, found: FoundProcesses) {
    this.#specs = specs;
    this.#found = found;
    void specs.ready.then(() => {
      this.#isRead = true;
    });
  }

  update(showFound: ShowFound): void {
    const value = this.#value(showFound);
    if (value === this.#last) return;
    this.#last = value;
    void vscode.commands.executeCommand('setContext', 'tree-warden.welcome', value);
  }

  /** Empty until it is known, so that no text shows for a moment. */
  #value(showFound: ShowFound): string {
    if ((vscode.workspace.workspaceFolders?.length ?? 0) === 0) return 'noFolder';
    if (!vscode.workspace.isTrusted) return 'untrusted';
    const file = this.#specs.fileState;
    if (file === 'broken' || file === 'empty') return file;
    if (!this.#isRead || (showFound !== 'never' && !this.#found.isKnown)) return '';
    if (showFound === 'never') return 'unsought';
    return this.#found.hiddenCount > 0 ? 'hidden' : 'nothing';
  }
}
