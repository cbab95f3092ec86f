import * as vscode from 'vscode';
import { visible } from '../../protocol/visible.ts';
import type { ExternalProcesses } from '../external/externalProcesses.ts';
import type { FoundProcesses } from '../found/foundProcesses.ts';
import type { LanguageServers } from '../languageServers/languageServers.ts';
import type { Models } from '../models/models.ts';
import type { Process, Processes } from '../processes.ts';
import { isUnanswered } from '../unanswered.ts';
import type { WardenLink } from '../wardenLink.ts';
import { changedRows } from './changedRows.ts';
import { clickOn } from './click.ts';
import { modelTooltip } from './modelTooltip.ts';
import { decorationOf, nameDecorations } from './nameDecorations.ts';
import { type Row, spokenText } from './row.ts';
import { ShownFigures } from './shownFigures.ts';
import { ShownMembers } from './shownMembers.ts';
import { ShownRates } from './shownRates.ts';
import { type CloseLook, foundTooltip, tooltipOf } from './tooltip.ts';
import { type ViewParts, ViewRows } from './viewRows.ts';
import { readShowFound, readSortBy, showFoundSetting, sortSetting } from './viewSettings.ts';
import { WelcomeKey } from './welcomeKey.ts';

export const viewId = 'tree-warden.processes';

/** Sampling intervals in milliseconds: while the view is visible, in a window with the focus or without, and while only the status bar shows the figures. */
const visibleMillis = 1000;
const unfocusedMillis = 2000;
const hiddenMillis = 5000;

/** The Processes view. Rows keep their identity, and only those that have changed are drawn again. */
export class ProcessesView implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #processes: Processes;
  readonly #models: Models;
  readonly #languageServers: LanguageServers;
  readonly #link: WardenLink;
  readonly #external: ExternalProcesses;
  readonly #found: FoundProcesses;
  readonly #welcome: WelcomeKey;
  readonly #view: vscode.TreeView<Row>;
  readonly #changed = new vscode.EventEmitter<(Row | undefined)[]>();
  readonly onDidChangeTreeData = this.#changed.event as vscode.Event<Row[]>;
  readonly #subscriptions: vscode.Disposable[];
  readonly #shown = { figures: new ShownFigures(), members: new ShownMembers(), rates: new ShownRates() };
  readonly #source: ViewRows;
  #rows: readonly Row[] = [];
  #filter = '';
  #sortBy = readSortBy();
  /** As the editor has told of it: some of it may be gone by now. */
  #selected: readonly Row[] = [];
  /** The objects that the editor knows the rows by, with the newest content of each. */
  readonly #handles = new Map<string, { handle: Row; row: Row }>();

  constructor(parts: ViewParts) {
    const { processes, models, languageServers, link, specs, found, external, profiles } = parts;
    this.#source = new ViewRows(parts, this.#shown);
    this.#processes = processes;
    this.#models = models;
    this.#languageServers = languageServers;
    this.#link = link;
    this.#external = external;
    this.#found = found;
    this.#welcome = new WelcomeKey(specs, found);
    this.#rows = this.#source.build(this.#filter, this.#sortBy);
    this.#view = vscode.window.createTreeView(viewId, { treeDataProvider: this, showCollapseAll: true, canSelectMany: true });
    this.#subscriptions = [
      this.#view,
      link.onDidChangeTrees(() => this.#update()),
      processes.onDidChangeSpecs(() => this.#update()),
      processes.onDidChangeNames(() => this.#update()),
      processes.onDidChangeFailures(() => this.#update()),
      models.onDidChange(() => this.#update()),
      languageServers.onDidChange(() => this.#update()),
      found.onDidChange(() => this.#update()),
      profiles.onDidChange(() => this.#update()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#update()),
      vscode.window.registerFileDecorationProvider(nameDecorations),
      this.#view.onDidChangeVisibility(() => {
        this.#chooseInterval();
        this.#lookForProcesses();
      }),
      this.#view.onDidChangeSelection(({ selection }) => {
        this.#selected = selection;
      }),
      vscode.window.onDidChangeWindowState(() => this.#chooseInterval()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (!change.affectsConfiguration(sortSetting) && !change.affectsConfiguration(showFoundSetting)) return;
        this.#sortBy = readSortBy();
        this.#lookForProcesses();
        this.#update();
      }),
    ];
    this.#lookForProcesses();
    this.#update();
    void specs.ready.then(() => this.#update());
  }

  getChildren(parent?: Row): Row[] {
    const children = parent === undefined ? this.#rows : (this.#handles.get(parent.id)?.row.children ?? []);
    return children.map((row) => this.#handleOf(row));
  }

  getTreeItem(handle: Row): vscode.TreeItem {
    const row = this.#handles.get(handle.id)?.row ?? handle;
    const open =
      row.kind === 'group' && !row.isClosed ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed;
    const item = new vscode.TreeItem(visible(row.label), row.children.length > 0 ? open : vscode.TreeItemCollapsibleState.None);
    item.id = row.id;
    item.description = visible(row.description);
    item.iconPath = new vscode.ThemeIcon(row.icon, row.colour === undefined ? undefined : new vscode.ThemeColor(row.colour));
    item.contextValue = row.context;
    const decoration = decorationOf(row);
    if (decoration) item.resourceUri = decoration;
    const click = clickOn(row, (one) => this.#hasOutput(one));
    if (click) item.command = click;
    item.accessibilityInformation = { label: visible(spokenText(row)) };
    return item;
  }

  /** Called when the pointer rests on a row, so that the hover is created only then. */
  async resolveTreeItem(item: vscode.TreeItem, handle: Row): Promise<vscode.TreeItem> {
    this.#shown.figures.hoverBegins();
    this.#shown.rates.hoverBegins();
    const { kind, process: name, pid } = this.current(handle) ?? handle;
    const model = kind === 'model' ? this.#models.find(name) : undefined;
    if (model) item.tooltip = modelTooltip(model, this.#models.gateway);
    const found = kind === 'found' ? this.#found.find(name) : undefined;
    if (found) item.tooltip = foundTooltip(found, this.#processes.failureOfFound(name));
    const process = this.#processes.find(name);
    if (process && (kind === 'process' || kind === 'external' || kind === 'member'))
      item.tooltip = tooltipOf(process, pid, this.#source.problemsOf(process), await this.#lookClosely(process, pid));
    return item;
  }

  /** A button or a menu of a row was used: its hover is closed, and the row says at once what has become of it. */
  hoverEnds(): void {
    this.#shown.figures.hoverEnds();
    this.#shown.rates.hoverEnds();
    this.#update();
  }

  dispose(): void {
    for (const subscription of [...this.#subscriptions, this.#changed]) subscription.dispose();
  }

  /** Details that are not part of a sample; empty when the warden does not answer. */
  async #lookClosely(process: Process, pid: number | undefined): Promise<CloseLook> {
    const { tree } = process;
    if (tree === undefined) {
      const { recordedRuns } = await import('../runs/main.ts');
      const [lastRun] = recordedRuns(process).runs;
      return lastRun ? { lastRun } : {};
    }
    if (tree.endedAt !== undefined) return {};
    try {
      const client = await this.#link.clientOf(tree.id);
      const [details, history] = await Promise.all([client.details(tree.id, pid), client.history(tree.id)]);
      return { details, history };
    } catch {
      return {}; // The process has just ended.
    }
  }

  /** The selected rows; undefined while the editor, which draws them anew, does not know all of those that there are. */
  get selection(): readonly Row[] | undefined {
    const { selection } = this.#view;
    const known = new Set(selection.map(({ id }) => id));
    return this.#selected.every((row) => known.has(row.id) || !this.current(row)) ? selection : undefined;
  }

  /** The row as it is now; undefined where it has gone. */
  current({ id }: Row): Row | undefined {
    return this.#handles.get(id)?.row;
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

  /** Of what the editor has started, only a terminal can be shown, and only while it is open. */
  #hasOutput({ kind, process }: Row): boolean {
    if (kind !== 'process' && kind !== 'member' && kind !== 'external') return false;
    const tree = this.#processes.find(process)?.tree;
    if (tree === undefined || this.#languageServers.owns(tree.id)) return false;
    const { external, endedAt } = tree;
    return external === undefined || ((external.kind === 'terminal' || external.kind === 'task') && endedAt === undefined);
  }

  /** Not before the view is seen. */
  #lookForProcesses(): void {
    if (this.#view.visible && readShowFound() !== 'never') void this.#found.want();
  }

  /** Shows the number of trees with a problem on the view's icon. */
  #showBadge(): void {
    const unwell = this.#processes.all.filter(
      (process) =>
        process.failure !== undefined ||
        process.tree?.state === 'failed' ||
        isUnanswered(process.tree) ||
        this.#source.problemsOf(process).length > 0,
    );
    const tooltip = vscode.l10n.t('Needs attention: {0}', visible(unwell.map(({ name }) => name).join(', ')));
    if (unwell.length !== (this.#view.badge?.value ?? 0) || tooltip !== this.#view.badge?.tooltip)
      this.#view.badge = unwell.length > 0 ? { value: unwell.length, tooltip } : undefined;
  }

  #update(): void {
    const rows = this.#source.build(this.#filter, this.#sortBy);
    const changed = changedRows(this.#rows, rows);
    this.#rows = rows;
    this.#refreshHandles(rows);
    this.#chooseInterval();
    this.#showBadge();
    this.#welcome.update(readShowFound());
    const message = this.#filter === '' ? '' : vscode.l10n.t('Filtered by “{0}”: {1} shown', this.#filter, countProcesses(rows));
    if ((this.#view.message ?? '') !== message) this.#view.message = message;
    if (changed.length === 0) return;
    const handles = changed.map((id) => (id === undefined ? undefined : this.#handles.get(id)?.handle));
    this.#changed.fire(handles.includes(undefined) ? [undefined] : handles);
  }

  #chooseInterval(): void {
    this.#external.isShown = this.#view.visible;
    const anyLive = [...this.#link.trees, ...this.#link.external].some((tree) => tree.endedAt === undefined);
    const ofView = vscode.window.state.focused ? visibleMillis : unfocusedMillis;
    this.#link.wantFigures('view', anyLive ? (this.#view.visible ? ofView : hiddenMillis) : 0);
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
    this.#shown.rates.retain(present);
    this.#shown.members.retain(new Set([...this.#link.trees, ...this.#link.external].map(({ id }) => id)));
  }
}

/** Of what is seen: not of what is in a group that is closed. */
function countProcesses(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + countOf(row), 0);
}

function countOf({ kind, isClosed, children }: Row): number {
  if (kind === 'group') return isClosed ? 0 : countProcesses(children);
  return kind === 'more' ? 0 : 1;
}
