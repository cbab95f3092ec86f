import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { ExtensionApi } from '../library/api.ts';
import { isLive } from '../protocol/trees.ts';
import { version } from '../protocol/version.ts';
import { registerAgentTools } from './agents/agentTools.ts';
import { updateMcpLauncher } from './agents/guardMcp.ts';
import { registerMcpServers } from './agents/mcpProvider.ts';
import { WindowHost } from './agents/windowHost.ts';
import { AutoStart } from './autoStart.ts';
import { offerCli } from './cliInTerminals.ts';
import { registerCommands } from './commands.ts';
import { ConfigurationDocument } from './configurationDocument.ts';
import { ContextKeys } from './contextKeys.ts';
import { Dashboards } from './dashboard/dashboard.ts';
import { DeclaredNames } from './declaredNames.ts';
import { exportedApi } from './exportedApi.ts';
import { ExternalProcesses } from './external/externalProcesses.ts';
import { FoundProcesses } from './found/foundProcesses.ts';
import { ProcessLenses } from './found/processLenses.ts';
import { Health } from './health/health.ts';
import { KeptSchedules } from './keptSchedules.ts';
import { LanguageServers } from './languageServers/languageServers.ts';
import { LeftBehindProcesses } from './leftBehind/leftBehind.ts';
import { LanguageModels } from './models/languageModels.ts';
import { Models } from './models/models.ts';
import { OnReadyActions } from './onReady.ts';
import { PortConflicts } from './portConflicts/portConflicts.ts';
import { Processes } from './processes.ts';
import { ProcessesView } from './processTree/processesView.ts';
import { Profiles } from './profiles.ts';
import { Secrets } from './questions/secrets.ts';
import { StartAnswers } from './questions/startAnswers.ts';
import { ReadOnlyDocuments } from './readOnlyDocuments.ts';
import { RunOnSave } from './runOnSave/runOnSave.ts';
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
  readonly #external: ExternalProcesses;
  readonly #languageServers: LanguageServers;

  constructor(context: vscode.ExtensionContext) {
    const wardenScript = context.asAbsolutePath('dist/warden.js');
    const cliScript = context.asAbsolutePath('dist/cli.js');
    const log = vscode.window.createOutputChannel('Tree Warden', { log: true });
    const window = (vscode.workspace.workspaceFile ?? vscode.workspace.workspaceFolders?.[0]?.uri)?.toString();
    const link = new WardenLink({
      script: wardenScript,
      logFolder: context.logUri.fsPath,
      workspace: vscode.workspace.name ?? 'no folder',
      window,
      log,
    });
    const specs = new WorkspaceSpecs(log, (name) => link.trees.some((tree) => isLive(tree) && (tree.pool ?? tree.name) === name));
    const models = new Models({ link, specs, secrets: context.secrets, window, log });
    const names = new DeclaredNames(link, specs, log);
    const secrets = new Secrets({ specs, storage: context.secrets, memory: context.workspaceState });
    const processes = new Processes(link, specs, names, new StartAnswers(specs, secrets));
    const found = new FoundProcesses(specs, context.workspaceState, log);
    const languageServers = new LanguageServers({ link, specs, log });
    const health = new Health(link, specs, (tree) => languageServers.owns(tree), log);
    const external = new ExternalProcesses(link, log);
    const profiles = new Profiles(specs, context.workspaceState);
    const view = new ProcessesView({ processes, models, languageServers, link, health, specs, found, external, profiles });
    const terminals = new Terminals(link);
    const leftBehind = new LeftBehindProcesses({
      script: context.asAbsolutePath('dist/leftBehind.js'),
      specs,
      memory: context.workspaceState,
      log,
    });
    const documents = new ReadOnlyDocuments();
    const configuration = new ConfigurationDocument(specs, names);
    const dashboards = new Dashboards(context.extensionUri, { link, models, processes, specs, documents });
    context.subscriptions.push(
      log,
      link,
      specs,
      models,
      new LanguageModels(models),
      languageServers,
      names,
      found,
      processes,
      new ProcessLenses(processes, found, link),
      terminals,
      dashboards,
      documents,
      configuration,
      profiles,
      external,
      leftBehind,
      health,
      view,
      new ContextKeys({ processes, models, languageServers, link, found, profiles }),
      new StatusBar(processes, link, health),
      new WardenTasks(processes, link, specs),
      new OnReadyActions(link, specs),
      new KeptSchedules({ link, names, processes, log }),
      new RunOnSave({ processes, link, specs, profiles, log }),
      new PortConflicts({ link, processes, wardenScript, log }),
      new AutoStart({ processes, models, languageServers, specs, profiles, memory: context.workspaceState, log }),
      registerAgentTools(new WindowHost(processes, link, specs, wardenScript), context.extension.packageJSON),
      registerMcpServers({ script: cliScript, window, version, specs, log }),
      registerCommands({
        environment: context.environmentVariableCollection,
        processes,
        models,
        languageServers,
        link,
        specs,
        found,
        view,
        terminals,
        dashboards,
        health,
        documents,
        configuration,
        profiles,
        secrets,
        external,
        guardedTerminalTitle: String(context.extension.packageJSON.contributes.terminal.profiles[0].title),
        leftBehind,
        wardenScript,
        rowCommands: rowCommandsOf(context.extension.packageJSON),
        storage: vscode.Uri.joinPath(context.globalStorageUri, 'profiles'),
        subscriptions: context.subscriptions,
        // The folder of the editor's settings has that of all extensions in it.
        guardMcp: { cliScript, userFolder: dirname(dirname(context.globalStorageUri.fsPath)) },
        log,
      }),
    );
    this.#link = link;
    this.#external = external;
    this.#languageServers = languageServers;
    this.api = exportedApi(link);
    link.resume();
    void updateMcpLauncher(cliScript, log);
    void offerCli(context, cliScript, log);
  }

  release(): Promise<void> {
    this.#external.release();
    // Before the warden is told what to keep: no other client could speak to a server that was.
    this.#languageServers.release();
    return this.#link.release();
  }
}

/** The commands that rows offer in their menus and as buttons. */
function rowCommandsOf(manifest: {
  readonly contributes: { readonly menus: Readonly<Record<string, readonly { readonly command: string }[]>> };
}): ReadonlySet<string> {
  return new Set(manifest.contributes.menus['view/item/context']?.map(({ command }) => command));
}
