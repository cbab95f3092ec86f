import * as vscode from 'vscode';
import { formatBytes, formatPercent, formatRate } from '../protocol/format.ts';
import { formatPorts } from '../protocol/ports.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { labelOf } from '../protocol/trees.ts';
import { visible } from '../protocol/visible.ts';
import type { Health } from './health/health.ts';
import type { Processes } from './processes.ts';
import type { WardenLink } from './wardenLink.ts';

/** Maximum number of trees in the hover. */
const maxListed = 8;
/** Minimum age in milliseconds of the figures in the hover before they are replaced: long enough to be read. */
const minHoverMillis = 10_000;

/** The status bar item, `3 trees · 18 % · 1.2 GB`. A click lists the trees. Hidden while no process runs. */
export class StatusBar implements vscode.Disposable {
  readonly #processes: Processes;
  readonly #health: Health;
  readonly #item = vscode.window.createStatusBarItem('tree-warden.status', vscode.StatusBarAlignment.Left, 10);
  readonly #subscription: vscode.Disposable;
  /** The listed trees, with the number of problems of each. */
  #listed = '';
  #hoverMadeAt = 0;

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
    const lists = JSON.stringify(trees.map((tree) => [tree.id, this.#health.problemsOf(tree).length]));
    if (this.#item.text === text && this.#listed === lists) return;
    this.#item.text = text;
    // An open hover closes when it is replaced, and VS Code does not tell whether one is open.
    const now = performance.now();
    if (this.#listed !== lists || now - this.#hoverMadeAt >= minHoverMillis) {
      this.#listed = lists;
      this.#hoverMadeAt = now;
      this.#item.tooltip = this.#hover(trees);
    }
    this.#item.accessibilityInformation = { label: vscode.l10n.t('Tree Warden: {0}, {1} percent CPU, {2} of memory', count, cpu, memory) };
  }

  #colour(trees: readonly TreeSnapshot[]): vscode.ThemeColor | undefined {
    if (trees.some((tree) => tree.state === 'unkillable')) return new vscode.ThemeColor('statusBarItem.errorBackground');
    const isUnhealthy = trees.some((tree) => this.#health.problemsOf(tree).length > 0);
    return isUnhealthy ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
  }

  /** The trees with the highest usage, and the total. */
  #hover(trees: readonly TreeSnapshot[]): vscode.MarkdownString {
    const text = new vscode.MarkdownString(undefined, true);
    const top = trees.toSorted((a, b) => b.cpuPercent - a.cpuPercent || b.memoryBytes - a.memoryBytes).slice(0, maxListed);
    const line = (...cells: string[]): void => {
      text.appendMarkdown('|');
      for (const cell of cells) text.appendText(` ${visible(cell).replaceAll('|', '¦')} `).appendMarkdown('|');
      text.appendMarkdown('\n');
    };
    line(vscode.l10n.t('Tree'), vscode.l10n.t('CPU'), vscode.l10n.t('Memory'), vscode.l10n.t('Ports'), vscode.l10n.t('Containment'));
    text.appendMarkdown('|:--|--:|--:|:--|:--|\n');
    for (const tree of top)
      line(labelOf(tree), formatPercent(tree.cpuPercent), formatBytes(tree.memoryBytes), formatPorts(tree.members), tree.containment);
    const more = trees.length - top.length;
    const all = more > 0 ? vscode.l10n.t('Total, with {0} more', more) : vscode.l10n.t('Total');
    line(all, formatPercent(total(trees, 'cpuPercent')), formatBytes(total(trees, 'memoryBytes')), '', '');
    const [reads, writes] = [total(trees, 'readRate'), total(trees, 'writeRate')];
    if (reads + writes > 0)
      text.appendMarkdown('\n').appendText(vscode.l10n.t('Disk: {0} read, {1} written', formatRate(reads), formatRate(writes)));
    for (const tree of trees)
      for (const problem of this.#health.problemsOf(tree))
        text.appendMarkdown('\n\n$(warning) ').appendText(visible(vscode.l10n.t('{0}: {1}.', labelOf(tree), problem)));
    return text;
  }
}

function total(trees: readonly TreeSnapshot[], of: 'cpuPercent' | 'memoryBytes' | 'readRate' | 'writeRate'): number {
  return trees.reduce((sum, tree) => sum + tree[of], 0);
}
