import * as vscode from 'vscode';
import { formatBytes, formatPercent, formatRate } from '../protocol/format.ts';
import type { TreeSnapshot } from '../protocol/messages.ts';
import { formatPorts } from '../protocol/ports.ts';
import type { Health } from './health/health.ts';
import type { Processes } from './processes.ts';
import type { WardenLink } from './wardenLink.ts';

/** So many trees are in the hover. */
const topCount = 8;

/** `3 trees · 18 % · 1.2 GB`; a click lists them. Not there while nothing runs. */
export class StatusBar implements vscode.Disposable {
  readonly #processes: Processes;
  readonly #health: Health;
  readonly #item = vscode.window.createStatusBarItem('tree-warden.status', vscode.StatusBarAlignment.Left, 10);
  readonly #subscription: vscode.Disposable;

  constructor(processes: Processes, link: WardenLink, health: Health) {
    this.#processes = processes;
    this.#health = health;
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
    const cpu = Math.round(total(trees, 'cpuPercent'));
    const memory = formatBytes(total(trees, 'memoryBytes'));
    const count = trees.length === 1 ? vscode.l10n.t('1 tree') : vscode.l10n.t('{0} trees', trees.length);
    const text = `$(pulse) ${count} · ${cpu} % · ${memory}`;
    this.#item.backgroundColor = this.#colour(trees);
    this.#item.show();
    // An open hover closes when it is replaced: what is shown has to have changed.
    if (this.#item.text === text) return;
    this.#item.text = text;
    this.#item.tooltip = this.#hover(trees);
    this.#item.accessibilityInformation = { label: vscode.l10n.t('Tree Warden: {0}, {1} percent CPU, {2} of memory', count, cpu, memory) };
  }

  #colour(trees: readonly TreeSnapshot[]): vscode.ThemeColor | undefined {
    if (trees.some((tree) => tree.state === 'unkillable')) return new vscode.ThemeColor('statusBarItem.errorBackground');
    const isIll = trees.some((tree) => this.#health.illsOf(tree).length > 0);
    return isIll ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
  }

  /** The trees that use most, and all together. */
  #hover(trees: readonly TreeSnapshot[]): vscode.MarkdownString {
    const text = new vscode.MarkdownString(undefined, true);
    const top = trees.toSorted((a, b) => b.cpuPercent - a.cpuPercent || b.memoryBytes - a.memoryBytes).slice(0, topCount);
    const line = (...cells: string[]): void => {
      text.appendMarkdown('|');
      for (const cell of cells) text.appendText(` ${cell.replaceAll('|', '¦')} `).appendMarkdown('|');
      text.appendMarkdown('\n');
    };
    line(vscode.l10n.t('Tree'), vscode.l10n.t('CPU'), vscode.l10n.t('Memory'), vscode.l10n.t('Ports'), vscode.l10n.t('Containment'));
    text.appendMarkdown('|:--|--:|--:|:--|:--|\n');
    for (const tree of top)
      line(tree.name, formatPercent(tree.cpuPercent), formatBytes(tree.memoryBytes), formatPorts(tree.members), tree.containment);
    const more = trees.length - top.length;
    const all = more > 0 ? vscode.l10n.t('with {0} more', more) : vscode.l10n.t('together');
    line(all, formatPercent(total(trees, 'cpuPercent')), formatBytes(total(trees, 'memoryBytes')), '', '');
    const [reads, writes] = [total(trees, 'readRate'), total(trees, 'writeRate')];
    if (reads + writes > 0)
      text.appendMarkdown('\n').appendText(vscode.l10n.t('Storage: reads {0}, writes {1}', formatRate(reads), formatRate(writes)));
    for (const tree of trees)
      for (const ill of this.#health.illsOf(tree)) text.appendMarkdown('\n\n$(warning) ').appendText(`${tree.name}: ${ill}`);
    return text;
  }
}

function total(trees: readonly TreeSnapshot[], of: 'cpuPercent' | 'memoryBytes' | 'readRate' | 'writeRate'): number {
  return trees.reduce((sum, tree) => sum + tree[of], 0);
}
