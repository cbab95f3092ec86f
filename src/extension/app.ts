import * as vscode from 'vscode';
import type { ExtensionApi } from '../library/api.ts';
import { version } from '../protocol/version.ts';
import { registerAgentTools } from './agents/agentTools.ts';
import { registerMcpServers } from './agents/mcpProvider.ts';
import { WindowHost } from './agents/windowHost.ts';
import { AutoStart } from './autoStart.ts';
import { registerCommands } from './commands.ts';
import { ContextKeys } from './contextKeys.ts';
import { Dashboards } from './dashboard/dashboard.ts';
import { DeclaredNames } from './declaredNames.ts';
import { exportedApi } from './exportedApi.ts';
import { Health } from './health/health.ts';
import { LanguageModels } from './models/languageModels.ts';
import { Models } from './models/models.ts';
import { OnReadyActions } from './onReady.ts';
import { Processes } from './processes.ts';
import { ProcessesView } from './processTree/processesView.ts';
import { StatusBar } from './statusBar.ts';
import { WardenTasks } from './tasks.ts';
import { Terminals } from './terminals.ts';
import { WardenLink } from './wardenLink.ts';
import { WorkspaceSpecs } from './workspaceSpecs.ts';

/** The extension of one window. */
export class App {
  /** For other extensions. */
  readonly api: ExtensionApi;
  readonly #link: WardenLink;

  constructor(context: vscode.ExtensionContext) {
    const wardenScript = context.asAbsolutePath('dist/warden.js');
    const log = vscode.window.createOutputChannel('Tree Warden', { log: true });
    const window = (vscode.workspace.workspaceFile ?? vscode.workspace.workspaceFolders?.[0]?.uri)?.toString();
    const link = new WardenLink({
      script: wardenScript,
      logFolder: context.logUri.fsPath,
      workspace: vscode.workspace.name ?? 'no folder',
      window,
      log,
    });
    const specs = new WorkspaceSpecs(log);
    const models = new Models({ link, specs, secrets: context.secrets, window, log });
    const names = new DeclaredNames(link, specs, log);
    const processes = new Processes(link, specs, names);
    const health = new Health(link, log);
    const view = new ProcessesView({ processes, models, link, health });
    const terminals = new Terminals(link);
    const dashboards = new Dashboards(context.extensionUri, link, models);
    context.subscriptions.push(
      log,
      link,
      specs,
      models,
      new LanguageModels(models),
      names,
      terminals,
      dashboards,
      health,
      view,
      new ContextKeys(processes, models, link),
      new StatusBar(processes, link, health),
      new WardenTasks(processes, link, specs),
      new OnReadyActions(link, specs),
      new AutoStart(processes, models, specs, context.workspaceState, log),
      registerAgentTools(new WindowHost(processes, link, specs, wardenScript), context.extension.packageJSON),
      registerMcpServers({ script: context.asAbsolutePath('dist/cli.js'), window, version, specs, log }),
      registerCommands({
        environment: context.environmentVariableCollection,
        processes,
        models,
        link,
        specs,
        view,
        terminals,
        dashboards,
        wardenScript,
        log,
      }),
    );
    this.#link = link;
    this.api = exportedApi(link);
    link.resume();
  }

  release(): Promise<void> {
    return this.#link.release();
  }
}
