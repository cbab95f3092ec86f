import * as vscode from 'vscode';
import { formatBytes, formatPercent, formatRate } from '../protocol/format.ts';
import { formatPorts } from '../protocol/ports.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isLive, labelOf } from '../protocol/trees.ts';
import { visible } from '../protocol/visible.ts';
import type { Health } from './health/health.ts';
import type { Process, Processes } from './processes.ts';
import { withoutName } from './processTree/row.ts';
import { hasFailed } from './statusList/statusEntries.ts';
import { isUnanswered } from './unanswered.ts';
import type { WardenLink } from './wardenLink.ts';

/** Maximum number of trees in the hover. */
const maxListed = 8;
/** Minimum age in milliseconds of the figures in the hover before they are replaced: long enough to be read. */
const minHoverMillis = 10_000;

/** The status bar item, `3 trees · 18 % · 1.2 GB`. A click lists them. Hidden while no process runs and none has failed. */
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
    const update = (): void => this.#update();
    this.#subscription = vscode.Disposable.from(
      link.onDidChangeTrees(update),
      processes.onDidChangeNames(update),
      processes.onDidChangeFailures(update),
      vscode.window.onDidChangeActiveTerminal(update),
    );
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#item.dispose();
  }

  #update(): void {
    const trees = this.#processes.live.map((process) => process.tree);
    const ended = this.#processes.all.filter((process) => hasFailed(process) && !(process.tree && isLive(process.tree)));
    if (trees.length === 0 && ended.length === 0) {
      this.#item.hide();
      return;
    }
    const cpu = Math.round(total(trees, 'cpuPercent'));
    const memory = formatBytes(total(trees, 'memoryBytes'));
    const count = trees.length === 1 ? vscode.l10n.t('1 tree') : vscode.l10n.t('{0} trees', trees.length);
    const running = trees.length === 0 ? [] : [`$(pulse) ${count} · ${cpu} % · ${memory}`];
    const asking = trees.filter(isUnanswered);
    const asks = asking.length === 1 ? vscode.l10n.t('1 waits for input') : vscode.l10n.t('{0} wait for input', asking.length);
    const text = [
      ...running,
      ...(asking.length === 0 ? [] : [`$(question) ${asks}`]),
      ...(ended.length === 0 ? [] : [`$(error) ${vscode.l10n.t('{0} failed', ended.length)}`]),
    ].join(' ');
    this.#item.backgroundColor = this.#colour(trees);
    this.#item.show();
    const lists = JSON.stringify([
      trees.map((tree) => [tree.id, this.#health.problemsOf(tree).length, tree.prompt]),
      ended.map(({ name, tree, failure }) => [name, tree?.id, failure]),
    ]);
    if (this.#item.text === text && this.#listed === lists) return;
    this.#item.text = text;
    // An open hover closes when it is replaced, and VS Code does not tell whether one is open.
    const now = performance.now();
    if (this.#listed !== lists || now - this.#hoverMadeAt >= minHoverMillis) {
      this.#listed = lists;
      this.#hoverMadeAt = now;
      this.#item.tooltip = this.#hover(trees, ended);
    }
    const figures = vscode.l10n.t('Tree Warden: {0}, {1} percent CPU, {2} of memory', count, cpu, memory);
    const label = [
      figures,
      ...(asking.length > 0 ? [asks] : []),
      ...(ended.length > 0 ? [vscode.l10n.t('{0} failed', ended.length)] : []),
    ].join(', ');
    this.#item.accessibilityInformation = { label };
  }

  #colour(trees: readonly TreeSnapshot[]): vscode.ThemeColor | undefined {
    if (trees.some((tree) => tree.state === 'unkillable')) return new vscode.ThemeColor('statusBarItem.errorBackground');
    const isUnhealthy = trees.some((tree) => this.#health.problemsOf(tree).length > 0);
    return isUnhealthy ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
  }

  /** The trees with the highest usage, the total, and what has failed. */
  #hover(trees: readonly TreeSnapshot[], failed: readonly Process[]): vscode.MarkdownString {
    const text = new vscode.MarkdownString(undefined, true);
    if (trees.length > 0) this.#appendUsage(text, trees);
    for (const tree of trees)
      for (const problem of this.#health.problemsOf(tree))
        text.appendMarkdown('\n\n$(warning) ').appendText(visible(vscode.l10n.t('{0}: {1}.', labelOf(tree), problem)));
    for (const tree of trees)
      if (tree.prompt !== undefined)
        text.appendMarkdown('\n\n$(question) ').appendText(visible(vscode.l10n.t('{0} waits for input: {1}', labelOf(tree), tree.prompt)));
    for (const { name, pool, tree, failure } of failed.slice(0, maxListed)) {
      const label = labelOf({ name, pool: pool ?? tree?.pool });
      const sentence =
        failure === undefined ? vscode.l10n.t('{0}: {1}.', label, tree?.reason ?? '') : `${label}: ${withoutName(failure, name)}`;
      text.appendMarkdown('\n\n$(error) ').appendText(visible(sentence));
    }
    return text;
  }

  #appendUsage(text: vscode.MarkdownString, trees: readonly TreeSnapshot[]): void {
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
  }
}

function total(trees: readonly TreeSnapshot[], of: 'cpuPercent' | 'memoryBytes' | 'readRate' | 'writeRate'): number {
  return trees.reduce((sum, tree) => sum + tree[of], 0);
}
