import * as vscode from 'vscode';
import type { FromDashboard, ToDashboard } from '../../protocol/dashboard.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { DashboardTab, ToModelPages } from '../../protocol/modelPages.ts';
import { errorText } from '../localized.ts';
import type { Models } from '../models/models.ts';
import type { Processes } from '../processes.ts';
import { rowOf } from '../processTree/row.ts';
import type { ReadOnlyDocuments } from '../readOnlyDocuments.ts';
import { tellError, tellInfo } from '../tell.ts';
import type { WardenLink } from '../wardenLink.ts';
import type { WorkspaceSpecs } from '../workspaceSpecs.ts';
import { ActivityPage } from './activityPage.ts';
import { graphOf } from './graph.ts';
import { OutputFeed } from './outputFeed.ts';
import { pageHtml, pageRoots } from './page.ts';
import { Playground } from './playground.ts';

const viewType = 'tree-warden.dashboard';
/** Sampling interval in milliseconds while the dashboard is visible. */
const visibleMillis = 1000;

export interface DashboardParts {
  readonly link: WardenLink;
  readonly models: Models;
  readonly processes: Processes;
  readonly specs: WorkspaceSpecs;
  readonly documents: ReadOnlyDocuments;
}

/** The dashboard: at most one per window, restored with the window. */
export class Dashboards implements vscode.Disposable, vscode.WebviewPanelSerializer {
  readonly #extension: vscode.Uri;
  readonly #parts: DashboardParts;
  readonly #registration: vscode.Disposable;
  #open: Dashboard | undefined;

  constructor(extension: vscode.Uri, parts: DashboardParts) {
    this.#extension = extension;
    this.#parts = parts;
    this.#registration = vscode.window.registerWebviewPanelSerializer(viewType, this);
  }

  /** `tab`: the page that is shown; the one that was last where absent. `model`: what that page is to be about. */
  show(tab?: DashboardTab, model?: string): void {
    if (this.#open) this.#open.panel.reveal();
    else this.#take(vscode.window.createWebviewPanel(viewType, vscode.l10n.t('Tree Warden Dashboard'), vscode.ViewColumn.Active));
    if (tab) this.#open?.show({ kind: 'show', tab, ...(model !== undefined && { model }) });
  }

  deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.#take(panel);
    return Promise.resolve();
  }

  dispose(): void {
    this.#registration.dispose();
    this.#open?.panel.dispose();
  }

  #take(panel: vscode.WebviewPanel): void {
    const dashboard = new Dashboard(panel, this.#extension, this.#parts);
    this.#open = dashboard;
    panel.onDidDispose(() => {
      dashboard.dispose();
      if (this.#open === dashboard) this.#open = undefined;
    });
  }
}

class Dashboard {
  readonly panel: vscode.WebviewPanel;
  readonly #link: WardenLink;
  readonly #models: Models;
  readonly #parts: DashboardParts;
  readonly #subscriptions: vscode.Disposable[];
  /** Trees whose history the page has. */
  readonly #known = new Set<TreeId>();
  readonly #activity: ActivityPage;
  readonly #playground: Playground;
  #output: OutputFeed | undefined;
  /** Told to the page when it is there. */
  #wanted: ToModelPages | undefined;
  #isReady = false;

  constructor(panel: vscode.WebviewPanel, extension: vscode.Uri, parts: DashboardParts) {
    const { link, models, processes } = parts;
    this.panel = panel;
    this.#parts = parts;
    this.#link = link;
    this.#models = models;
    this.#activity = new ActivityPage(parts, (message) => this.#tell(message));
    this.#playground = new Playground(models, (answer) => this.#tell({ kind: 'answer', ...answer }));
    panel.iconPath = vscode.Uri.joinPath(extension, 'media', 'icon.png');
    panel.webview.options = { enableScripts: true, localResourceRoots: pageRoots(extension) };
    this.#subscriptions = [
      panel.webview.onDidReceiveMessage((message: FromDashboard) => void this.#hear(message)),
      panel.onDidChangeViewState(() => this.#chooseInterval()),
      link.onDidChangeTrees(() => this.#tellTrees()),
      models.onDidChange(() => {
        this.#tellModels();
        this.#activity.modelsChanged();
      }),
      this.#activity,
      this.#playground,
      processes.onDidChangeSpecs(() => this.#tellGraph()),
      processes.onDidChangeNames(() => this.#tellGraph()),
      processes.onDidChangeFailures(() => this.#tellGraph()),
    ];
    panel.webview.html = pageHtml(panel.webview, extension);
    this.#chooseInterval();
  }

  dispose(): void {
    this.#output?.dispose();
    this.#link.wantFigures('dashboard', 0);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #chooseInterval(): void {
    this.#link.wantFigures('dashboard', this.panel.visible ? visibleMillis : 0);
    // A hidden page is discarded; it asks again when it is shown.
    if (this.panel.visible) return;
    this.#output?.dispose();
    this.#activity.watch(false);
    this.#isReady = false;
  }

  /** At once, or when the page is there. */
  show(message: ToModelPages): void {
    if (this.#isReady) this.#tell(message);
    else this.#wanted = message;
  }

  #tell(message: ToDashboard): void {
    void this.panel.webview.postMessage(message);
  }

  #tellTrees(): void {
    if (!this.panel.visible) return;
    const { trees } = this.#link;
    this.#tell({ kind: 'trees', at: Date.now(), trees });
    for (const { id, endedAt } of trees) if (endedAt === undefined && !this.#known.has(id)) void this.#tellHistory(id);
  }

  #tellModels(): void {
    if (!this.panel.visible) return;
    this.#tell({ kind: 'models', models: this.#models.all.flatMap(({ snapshot }) => snapshot ?? []) });
  }

  #tellGraph(): void {
    if (!this.panel.visible) return;
    this.#tell({ kind: 'graph', processes: graphOf(this.#parts.processes, this.#parts.specs) });
  }

  async #tellHistory(tree: TreeId): Promise<void> {
    this.#known.add(tree);
    try {
      const history = await (await this.#link.clientOf(tree)).history(tree);
      this.#tell({ kind: 'history', tree, history });
    } catch {
      // The process has just ended.
    }
  }

  async #hear(message: FromDashboard): Promise<void> {
    try {
      switch (message.kind) {
        case 'ready':
          // A page that was hidden is created anew and has no data.
          this.#known.clear();
          this.#output?.dispose();
          this.#tellTrees();
          this.#tellModels();
          this.#tellGraph();
          this.#playground.tellAll();
          this.#isReady = true;
          if (this.#wanted) this.#tell(this.#wanted);
          this.#wanted = undefined;
          break;
        case 'follow':
          await this.#follow(message.tree);
          break;
        case 'command':
          await vscode.commands.executeCommand(`tree-warden.${message.command}`, rowOf(message.process));
          break;
        case 'save':
          await save(message.name, message.base64);
          break;
        case 'watchActivity':
          this.#activity.watch(message.isVisible && this.panel.visible);
          break;
        case 'keepBodies':
          await this.#activity.keepBodies(message.keep, message.choice);
          break;
        case 'askBodies':
          await this.#activity.tellBodies(message.of);
          break;
        case 'copyCurl':
          await this.#activity.copyCurl(message.of);
          break;
        case 'replay':
          await this.#activity.replay(message.of);
          break;
        case 'stopReplay':
          this.#activity.stopReplay();
          break;
        case 'openServerLog':
          await this.#activity.openServerLog(message.server, message.at);
          break;
        case 'ask':
          this.#playground.ask(message.prompts);
          break;
        case 'stopAsking':
          this.#playground.stop();
          break;
      }
    } catch (error) {
      void tellError(errorText(error));
    }
  }

  /** Sends the end of a tree's output, and new output until another tree is selected. */
  async #follow(tree: TreeId): Promise<void> {
    this.#output?.dispose();
    const output = new OutputFeed((text, anew) => this.#tell({ kind: 'output', text, anew }));
    this.#output = output;
    output.follow(this.#link.clientOf(tree), tree);
  }
}

async function save(name: string, base64: string): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog(folder ? { defaultUri: vscode.Uri.joinPath(folder, name) } : {});
  if (!target) return;
  await vscode.workspace.fs.writeFile(target, Buffer.from(base64, 'base64'));
  const open = vscode.l10n.t('Open');
  const choice = await tellInfo(vscode.l10n.t('The file was saved as {0}.', target.fsPath), open);
  if (choice === open) await vscode.commands.executeCommand('vscode.open', target);
}
