import * as vscode from 'vscode';
import { visible } from '../../protocol/visible.ts';
import type { Health } from '../health/health.ts';
import type { Models } from '../models/models.ts';
import type { Process, Processes } from '../processes.ts';
import type { WardenLink } from '../wardenLink.ts';
import { changedRows } from './changedRows.ts';
import { filterModels, type ModelSource } from './modelRows.ts';
import { modelTooltip } from './modelTooltip.ts';
import { type Row, spokenText } from './row.ts';
import { buildRows, filterSources, type SortBy, sortSources } from './rows.ts';
import { ShownFigures } from './shownFigures.ts';
import { ShownMembers } from './shownMembers.ts';
import { type CloseLook, tooltipOf } from './tooltip.ts';

export const viewId = 'tree-warden.processes';
export const sortSetting = 'tree-warden.sortBy';

/** Sampling intervals in milliseconds: while the view is visible, and while only the status bar shows the figures. */
const visibleMillis = 1000;
const hiddenMillis = 5000;

export interface ViewParts {
  readonly processes: Processes;
  readonly models: Models;
  readonly link: WardenLink;
  readonly health: Health;
}

/** The Processes view. Rows keep their identity, and only those that have changed are drawn again. */
export class ProcessesView implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #processes: Processes;
  readonly #models: Models;
  readonly #link: WardenLink;
  readonly #health: Health;
  readonly #view: vscode.TreeView<Row>;
  readonly #changed = new vscode.EventEmitter<(Row | undefined)[]>();
  readonly onDidChangeTreeData = this.#changed.event as vscode.Event<Row[]>;
  readonly #subscriptions: vscode.Disposable[];
  readonly #shown = { figures: new ShownFigures(), members: new ShownMembers() };
  #rows: readonly Row[] = [];
  #filter = '';
  #sortBy = readSortBy();
  /** The objects that the editor knows the rows by, with the newest content of each. */
  readonly #handles = new Map<string, { handle: Row; row: Row }>();

  constructor({ processes, models, link, health }: ViewParts) {
    this.#processes = processes;
    this.#models = models;
    this.#link = link;
    this.#health = health;
    this.#rows = this.#build();
    this.#view = vscode.window.createTreeView(viewId, { treeDataProvider: this, showCollapseAll: true });
    this.#subscriptions = [
      this.#view,
      link.onDidChangeTrees(() => this.#update()),
      processes.onDidChangeSpecs(() => this.#update()),
      processes.onDidChangeNames(() => this.#update()),
      models.onDidChange(() => this.#update()),
      this.#view.onDidChangeVisibility(() => this.#chooseInterval()),
      vscode.window.onDidChangeWindowState(() => this.#chooseInterval()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (!change.affectsConfiguration(sortSetting)) return;
        this.#sortBy = readSortBy();
        this.#update();
      }),
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
    const item = new vscode.TreeItem(visible(row.label), row.children.length > 0 ? open : vscode.TreeItemCollapsibleState.None);
    item.id = row.id;
    item.description = visible(row.description);
    item.iconPath = new vscode.ThemeIcon(row.icon, row.colour === undefined ? undefined : new vscode.ThemeColor(row.colour));
    item.contextValue = row.context;
    item.accessibilityInformation = { label: visible(spokenText(row)) };
    return item;
  }

  /** Called when the pointer rests on a row, so that the hover is created only then. */
  async resolveTreeItem(item: vscode.TreeItem, handle: Row): Promise<vscode.TreeItem> {
    this.#shown.figures.freeze();
    this.#shown.members.freeze();
    const model = handle.kind === 'model' ? this.#models.find(handle.process) : undefined;
    if (model) item.tooltip = modelTooltip(model, this.#models.gateway);
    const process = this.#processes.find(handle.process);
    if (process && (handle.kind === 'process' || handle.kind === 'member'))
      item.tooltip = tooltipOf(process, handle.pid, this.#problemsOf(process), await this.#lookClosely(process, handle.pid));
    return item;
  }

  dispose(): void {
    for (const subscription of [...this.#subscriptions, this.#changed]) subscription.dispose();
  }

  /** Details that are not part of a sample; empty when the warden does not answer. */
  async #lookClosely({ tree }: Process, pid: number | undefined): Promise<CloseLook> {
    if (tree === undefined || tree.endedAt !== undefined) return {};
    try {
      const client = await this.#link.clientOf(tree.id);
      const [details, history] = await Promise.all([client.details(tree.id, pid), client.history(tree.id)]);
      return { details, history };
    } catch {
      return {}; // The process has just ended.
    }
  }

  get filter(): string {
    return this.#filter;
  }

  /** Shows only rows that contain each of these words; all rows for an empty filter. */
  set filter(words: string) {
    this.#filter = words.trim();
    void vscode.commands.executeCommand('setContext', 'tree-warden.filtered', this.#filter !== '');
    this.#update();
  }

  clearFilter(): void {
    this.filter = '';
  }

  #build(): Row[] {
    const sources = this.#processes.all.map(({ name, pool, declared, tree, changed, undeclared }) => ({
      name,
      pool,
      group: declared?.spec.group,
      description: declared?.spec.description,
      declared: declared !== undefined,
      tree,
      changed,
      undeclared,
      problems: this.#problemsOf({ tree }),
    }));
    const shown = sortSources(filterSources(sources, this.#filter), this.#sortBy, this.#shown);
    return buildRows(shown, this.#shown, filterModels(this.#modelSources(), this.#filter));
  }

  #modelSources(): ModelSource[] {
    return this.#models.all.map(({ name, declared, snapshot }) => ({
      name,
      group: declared?.spec.group ?? vscode.l10n.t('Models'),
      description: declared?.spec.description,
      runtime: declared?.spec.runtime ?? '',
      snapshot,
    }));
  }

  #problemsOf({ tree }: Pick<Process, 'tree'>): readonly string[] {
    return tree ? this.#health.problemsOf(tree) : [];
  }

  /** Shows the number of trees with a problem on the view's icon. */
  #showBadge(): void {
    const unwell = this.#processes.all.filter((process) => process.tree?.state === 'failed' || this.#problemsOf(process).length > 0);
    const tooltip = vscode.l10n.t('Needs attention: {0}', visible(unwell.map(({ name }) => name).join(', ')));
    if (unwell.length !== (this.#view.badge?.value ?? 0) || tooltip !== this.#view.badge?.tooltip)
      this.#view.badge = unwell.length > 0 ? { value: unwell.length, tooltip } : undefined;
  }

  #update(): void {
    const rows = this.#build();
    const changed = changedRows(this.#rows, rows);
    this.#rows = rows;
    this.#refreshHandles(rows);
    this.#chooseInterval();
    this.#showBadge();
    const message = this.#filter === '' ? '' : vscode.l10n.t('Filtered by “{0}”: {1} shown', this.#filter, countProcesses(rows));
    if ((this.#view.message ?? '') !== message) this.#view.message = message;
    if (changed.length === 0) return;
    const handles = changed.map((id) => (id === undefined ? undefined : this.#handles.get(id)?.handle));
    this.#changed.fire(handles.includes(undefined) ? [undefined] : handles);
  }

  #chooseInterval(): void {
    const anyLive = this.#link.trees.some((tree) => tree.endedAt === undefined);
    const looking = this.#view.visible && vscode.window.state.focused;
    this.#link.wantFigures('view', anyLive ? (looking ? visibleMillis : hiddenMillis) : 0);
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
    this.#shown.figures.retain(present);
    this.#shown.members.retain(new Set(this.#link.trees.map(({ id }) => id)));
  }
}

function countProcesses(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + (row.kind === 'group' ? countProcesses(row.children) : 1), 0);
}

export function readSortBy(): SortBy {
  return vscode.workspace.getConfiguration().get<SortBy>(sortSetting, 'declared');
}
