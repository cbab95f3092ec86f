import * as vscode from 'vscode';
import { describeLimits, formatBytes, formatDuration } from '../../protocol/format.ts';
import { describePorts } from '../../protocol/ports.ts';
import type { Process, Processes } from '../processes.ts';
import type { WardenLink } from '../wardenLink.ts';
import { buildRows, changedRows, type Row } from './rows.ts';
import { ShownFigures } from './shownFigures.ts';

export const viewId = 'tree-warden.processes';

/** Milliseconds between two samples: while somebody looks at the view, and while only the status bar shows them. */
const watchedMillis = 1000;
const glancedMillis = 5000;

/** The Processes view. Rows keep their identity, and only those that have changed are drawn again. */
export class ProcessesView implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #processes: Processes;
  readonly #link: WardenLink;
  readonly #view: vscode.TreeView<Row>;
  readonly #changed = new vscode.EventEmitter<(Row | undefined)[]>();
  readonly onDidChangeTreeData = this.#changed.event as vscode.Event<Row[]>;
  readonly #subscriptions: vscode.Disposable[];
  readonly #shown = new ShownFigures();
  #rows: readonly Row[] = [];
  /** The objects that the editor knows the rows by, with the newest content of each. */
  readonly #handles = new Map<string, { handle: Row; row: Row }>();

  constructor(processes: Processes, link: WardenLink) {
    this.#processes = processes;
    this.#link = link;
    this.#rows = this.#build();
    this.#view = vscode.window.createTreeView(viewId, { treeDataProvider: this, showCollapseAll: true });
    this.#subscriptions = [
      this.#view,
      link.onDidChangeTrees(() => this.#update()),
      processes.onDidChangeSpecs(() => this.#update()),
      this.#view.onDidChangeVisibility(() => this.#chooseInterval()),
      vscode.window.onDidChangeWindowState(() => this.#chooseInterval()),
    ];
    this.#update();
  }

  getChildren(parent?: Row): Row[] {
    const children = parent === undefined ? this.#rows : (this.#handles.get(parent.id)?.row.children ?? []);
    return children.map((row) => this.#handleOf(row));
  }

  getTreeItem(handle: Row): vscode.TreeItem {
    const row = this.#handles.get(handle.id)?.row ?? handle;
    const open = row.kind === 'group' ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed;
    const item = new vscode.TreeItem(row.label, row.children.length > 0 ? open : vscode.TreeItemCollapsibleState.None);
    item.id = row.id;
    item.description = row.description;
    item.iconPath = new vscode.ThemeIcon(row.icon, row.colour === undefined ? undefined : new vscode.ThemeColor(row.colour));
    item.contextValue = row.context;
    item.accessibilityInformation = {
      label: `${row.label}, ${row.kind === 'process' ? row.context.split('.')[1] : row.kind}, ${row.description}`,
    };
    return item;
  }

  /** Asked for when the pointer rests on a row, so that its text is made only then. */
  resolveTreeItem(item: vscode.TreeItem, handle: Row): vscode.TreeItem {
    this.#shown.hold();
    const process = this.#processes.find(handle.process);
    if (process && handle.kind !== 'group') item.tooltip = tooltipOf(process, handle.pid);
    return item;
  }

  dispose(): void {
    for (const subscription of [...this.#subscriptions, this.#changed]) subscription.dispose();
  }

  #build(): Row[] {
    return buildRows(
      this.#processes.all.map(({ name, declared, tree }) => ({
        name,
        group: declared?.spec.group,
        description: declared?.spec.description,
        declared: declared !== undefined,
        tree,
      })),
      this.#shown,
    );
  }

  #update(): void {
    const rows = this.#build();
    const changed = changedRows(this.#rows, rows);
    this.#rows = rows;
    this.#refreshHandles(rows);
    this.#chooseInterval();
    if (changed.length === 0) return;
    const handles = changed.map((id) => (id === undefined ? undefined : this.#handles.get(id)?.handle));
    this.#changed.fire(handles.includes(undefined) ? [undefined] : handles);
  }

  #chooseInterval(): void {
    const anyLive = this.#link.trees.some((tree) => tree.endedAt === undefined);
    const looking = this.#view.visible && vscode.window.state.focused;
    this.#link.setInterval(anyLive ? (looking ? watchedMillis : glancedMillis) : 0);
  }

  #handleOf(row: Row): Row {
    const known = this.#handles.get(row.id);
    if (known) {
      known.row = row;
      return known.handle;
    }
    this.#handles.set(row.id, { handle: row, row });
    return row;
  }

  #refreshHandles(rows: readonly Row[]): void {
    const present = new Set<string>();
    const visit = (row: Row): void => {
      present.add(row.id);
      const known = this.#handles.get(row.id);
      if (known) known.row = row;
      row.children.forEach(visit);
    };
    rows.forEach(visit);
    for (const id of this.#handles.keys()) if (!present.has(id)) this.#handles.delete(id);
    this.#shown.retain(present);
  }
}

function tooltipOf({ name, declared, tree }: Process, pid: number | undefined): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  const line = (label: string, value: string): void => void text.appendMarkdown(`${label}: `).appendText(value).appendMarkdown('  \n');
  text.appendMarkdown('**').appendText(name).appendMarkdown('**  \n');
  if (declared?.spec.description) text.appendText(declared.spec.description).appendMarkdown('  \n');
  if (tree === undefined) {
    line(vscode.l10n.t('Command'), [declared?.spec.command ?? ''].flat().join(' '));
    return text;
  }
  line(vscode.l10n.t('Command'), tree.commandLine);
  line(vscode.l10n.t('Directory'), tree.cwd);
  line(vscode.l10n.t('State'), `${tree.state}, ${tree.reason}`);
  if (tree.leader) line(vscode.l10n.t('Leader'), vscode.l10n.t('pid {0}, group {1}', tree.leader.pid, tree.leader.group));
  line(vscode.l10n.t('Time'), formatDuration((tree.endedAt ?? Date.now()) - tree.startedAt));
  const member = tree.members.find((candidate) => candidate.pid === pid);
  if (member) line(vscode.l10n.t('This process'), `${member.name}, pid ${member.pid}, ${formatBytes(member.memoryBytes)}`);
  line(vscode.l10n.t('Members'), String(tree.members.length));
  line(vscode.l10n.t('Memory'), vscode.l10n.t('{0} resident; shared pages count in each process', formatBytes(tree.memoryBytes)));
  const ports = describePorts(member ? [member] : tree.members);
  if (ports) line(vscode.l10n.t('Listens on'), ports);
  line(vscode.l10n.t('Containment'), tree.containment);
  if (tree.lifetime === 'detached') line(vscode.l10n.t('Lifetime'), vscode.l10n.t('detached: it survives this window'));
  if (tree.limits) line(vscode.l10n.t('Limits'), describeLimits(tree.limits));
  if (tree.warning !== undefined) line(vscode.l10n.t('Warning'), tree.warning);
  return text;
}
