import * as vscode from 'vscode';
import { formatBytes } from '../protocol/format.ts';
import type { Processes } from './processes.ts';
import type { WardenLink } from './wardenLink.ts';

/** `3 trees · 18 % · 1.2 GB`; a click lists them. Not there while nothing runs. */
export class StatusBar implements vscode.Disposable {
  readonly #processes: Processes;
  readonly #item = vscode.window.createStatusBarItem('tree-warden.status', vscode.StatusBarAlignment.Left, 10);
  readonly #subscription: vscode.Disposable;

  constructor(processes: Processes, link: WardenLink) {
    this.#processes = processes;
    this.#item.name = 'Tree Warden';
    this.#item.command = 'tree-warden.pickTree';
    this.#subscription = link.onDidChangeTrees(() => this.#update());
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#item.dispose();
  }

  #update(): void {
    const trees = this.#processes.live.map((process) => process.tree);
    if (trees.length === 0) {
      this.#item.hide();
      return;
    }
    const cpu = Math.round(trees.reduce((sum, tree) => sum + tree.cpuPercent, 0));
    const memory = formatBytes(trees.reduce((sum, tree) => sum + tree.memoryBytes, 0));
    const count = trees.length === 1 ? vscode.l10n.t('1 tree') : vscode.l10n.t('{0} trees', trees.length);
    const stuck = trees.some((tree) => tree.state === 'unkillable');
    this.#item.text = `$(pulse) ${count} · ${cpu} % · ${memory}`;
    this.#item.tooltip = trees.map((tree) => tree.name).join(', ');
    this.#item.accessibilityInformation = { label: vscode.l10n.t('Tree Warden: {0}, {1} percent CPU, {2} of memory', count, cpu, memory) };
    this.#item.backgroundColor = stuck ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
    this.#item.show();
  }
}
