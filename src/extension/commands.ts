import { constants } from 'node:os';
import * as vscode from 'vscode';
import { hostListening, tcpPorts } from '../protocol/ports.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { labelOf } from '../protocol/trees.ts';
import { loadGuardMcp } from './agents/guardMcp.ts';
import type { GuardMcpContext } from './agents/guardMcpServers.ts';
import { askScale } from './askScale.ts';
import { copy, reveal } from './commandUtilities.ts';
import type { ConfigurationDocument } from './configurationDocument.ts';
import { createLocalFile } from './createLocalFile.ts';
import { createProcessesFile } from './createProcessesFile.ts';
import type { Dashboards } from './dashboard/dashboard.ts';
import type { ExternalProcesses } from './external/externalProcesses.ts';
import { makeGuardedTerminalDefault } from './external/guardedTerminal.ts';
import { foundCommands } from './found/foundCommands.ts';
import type { FoundProcesses } from './found/foundProcesses.ts';
import type { Health } from './health/health.ts';
import { languageServerCommands } from './languageServers/languageServerCommands.ts';
import type { LanguageServers } from './languageServers/languageServers.ts';
import type { LeftBehindProcesses } from './leftBehind/leftBehind.ts';
import { errorText } from './localized.ts';
import { modelCommands } from './models/modelCommands.ts';
import type { Models } from './models/models.ts';
import { killPort, pickPort } from './ports.ts';
import { isRunning, type Process, type Processes } from './processes.ts';
import { askFilter, pickSortBy } from './processTree/arrange.ts';
import { externalKey } from './processTree/externalRows.ts';
import type { ProcessesView } from './processTree/processesView.ts';
import type { Row } from './processTree/row.ts';
import type { Profiles } from './profiles.ts';
import type { Secrets } from './questions/secrets.ts';
import type { ReadOnlyDocuments } from './readOnlyDocuments.ts';
import { calledOn } from './running/calledOn.ts';
import { RunCommands } from './running/runCommands.ts';
import { type Applicable, appliesTo, keepOpen, noneApplies, pickProcess, targetsOf } from './running/targets.ts';
import { tellProblem } from './running/tellProblem.ts';
import { pickOne, tellInfo } from './tell.ts';
import type { Terminals } from './terminals.ts';
import type { WardenLink } from './wardenLink.ts';
import type { WorkspaceSpecs } from './workspaceSpecs.ts';

export interface CommandParts {
  readonly processes: Processes;
  readonly models: Models;
  readonly health: Health;
  readonly languageServers: LanguageServers;
  readonly link: WardenLink;
  readonly specs: WorkspaceSpecs;
  readonly found: FoundProcesses;
  readonly view: ProcessesView;
  readonly terminals: Terminals;
  readonly external: ExternalProcesses;
  /** Of the terminal profile, as the editor lists it. */
  readonly guardedTerminalTitle: string;
  readonly dashboards: Dashboards;
  readonly documents: ReadOnlyDocuments;
  readonly configuration: ConfigurationDocument;
  readonly profiles: Profiles;
  readonly secrets: Secrets;
  readonly leftBehind: LeftBehindProcesses;
  /** The environment of terminals that are opened later. */
  readonly environment: vscode.EnvironmentVariableCollection;
  /** The warden's program. */
  readonly wardenScript: string;
  /** The commands of the menus of rows. */
  readonly rowCommands: ReadonlySet<string>;
  /** Where profiles are kept. */
  readonly storage: vscode.Uri;
  /** What lives as long as the extension. */
  readonly subscriptions: vscode.Disposable[];
  /** For the MCP servers of other clients. */
  readonly guardMcp: GuardMcpContext;
  readonly log: vscode.LogOutputChannel;
}

/** Receives the row that the command was called on, and all selected ones where it is one of them; none from the palette. */
type Handler = (row: Row | undefined, rows: readonly Row[]) => Promise<void>;

/** Registers every command of the palette and of the view's menus. */
export function registerCommands(parts: CommandParts): vscode.Disposable {
  const handlers: Record<string, Handler> = {
    ...new Commands(parts).handlers(),
    ...modelCommands(parts.models, parts.environment),
    ...languageServerCommands(parts.languageServers),
    ...foundCommands(parts),
  };
  const registrations = Object.entries(handlers).map(([name, handler]) =>
    vscode.commands.registerCommand(`tree-warden.${name}`, async (...args: readonly unknown[]) => {
      try {
        const on = calledOn(args, parts.view);
        if (typeof on === 'string' && parts.rowCommands.has(`tree-warden.${name}`))
          throw new Error(
            on === 'lost'
              ? vscode.l10n.t('Nothing was done, because the row was just being drawn anew. Try it again.')
              : vscode.l10n.t(
                  'Nothing was done, because no row has the focus, or it was just being drawn anew. Select a row, and try it again.',
                ),
          );
        const rows = typeof on === 'string' ? [] : on.rows;
        if (rows.length > 0) parts.view.hoverEnds();
        await handler(rows[0], rows);
      } catch (error) {
        parts.log.error(`${name}: ${errorText(error)}`);
        void tellProblem(error, parts.specs);
      }
    }),
  );
  return vscode.Disposable.from(...registrations);
}

class Commands {
  readonly #parts: CommandParts;
  readonly #run: RunCommands;

  constructor(parts: CommandParts) {
    this.#parts = parts;
    this.#run = new RunCommands(parts);
  }

  handlers(): Record<string, Handler> {
    return {
      start: (_row, rows) => this.#run.start(rows),
      stop: (_row, rows) => this.#run.stop(rows, false),
      restart: (_row, rows) => this.#run.restart(rows),
      killNow: (_row, rows) => this.#run.stop(rows, true),
      startAll: () => this.#run.startAll(),
      scale: (row) => this.#withProcess(row, 'declared', (process) => askScale(this.#parts.processes, process)),
      stopAll: () => this.#run.stopAll(false),
      killAll: () => this.#run.stopAll(true),
      sendSignal: (row) => this.#withLive(row, (process) => this.#sendSignal(process, row?.pid)),
      showOutput: (row) => this.#withProcess(row, 'started', async ({ tree }) => tree && this.#showOutput(tree)),
      showMergedOutput: (_row, rows) => this.#showMergedOutput(rows),
      openLog: (row) => this.#withProcess(row, 'started', async ({ tree }) => tree && this.#openLog(tree)),
      showRuns: (row) => this.#withProcess(row, 'recorded', (process) => this.#showRuns(process)),
      pauseWatching: (row) => this.#withProcess(row, 'watching', (process) => this.#parts.processes.setWatching(process, true)),
      resumeWatching: (row) => this.#withProcess(row, 'unwatched', (process) => this.#parts.processes.setWatching(process, false)),
      copyPid: (row) => this.#withLive(row, ({ tree }) => copy(String(row?.pid ?? tree.leader?.pid ?? ''))),
      copyCommandLine: (row) => this.#withProcess(row, 'started', ({ tree }) => copy(tree?.commandLine ?? '')),
      revealSpec: (row) => this.#withProcess(row, 'declared', async ({ declared }) => declared && reveal(declared)),
      showConfiguration: (row) =>
        this.#withProcess(row, 'declared', async ({ declared }) => declared && this.#parts.configuration.show(declared)),
      showJournal: () => this.#showJournal(),
      inspect: () => this.#inspect(),
      guardMcpServers: () => this.#guardMcp('guard'),
      unguardMcpServers: () => this.#guardMcp('undo'),
      createFile: () => createProcessesFile(this.#parts.specs),
      selectProfiles: () => this.#parts.profiles.select(),
      setSecret: () => this.#parts.secrets.set(),
      deleteSecret: () => this.#parts.secrets.delete(),
      createLocalFile: () => createLocalFile(this.#parts.specs),
      pickTree: () => this.#pickTree(),
      openInBrowser: (row) => this.#withUrl(row, async (url) => void (await vscode.env.openExternal(url))),
      copyUrl: (row) => this.#withUrl(row, (url) => copy(url.toString(true))),
      guardProcess: (row) => this.#withExternal(row, (tree) => this.#parts.external.setGuard(tree, 'guarded')),
      releaseProcess: (row) => this.#withExternal(row, (tree) => this.#parts.external.setGuard(tree, 'watched')),
      guardedTerminalByDefault: () => makeGuardedTerminalDefault(this.#parts.guardedTerminalTitle),
      killPort: () => killPort(this.#parts),
      findLeftBehind: () => this.#parts.leftBehind.show(),
      sortBy: () => pickSortBy(),
      filter: () => askFilter(this.#parts.view),
      clearFilter: () => Promise.resolve(this.#parts.view.clearFilter()),
      attachDebugger: (row) => this.#onMember(row, 'attachDebugger'),
      cpuProfile: (row) => this.#onMember(row, 'cpuProfile'),
      heapSnapshot: (row) => this.#onMember(row, 'heapSnapshot'),
      openDashboard: () => Promise.resolve(this.#parts.dashboards.show()),
      showRequests: (row) => Promise.resolve(this.#parts.dashboards.show('activity', row?.process)),
      openPlayground: (row) => Promise.resolve(this.#parts.dashboards.show('playground', row?.process)),
    };
  }

  async #guardMcp(direction: 'guard' | 'undo'): Promise<void> {
    const { guardMcpServers } = await loadGuardMcp();
    await guardMcpServers(direction, this.#parts.guardMcp);
  }

  async #showRuns(process: Process): Promise<void> {
    const { showRuns } = await import('./runs/main.ts');
    await showRuns(process, this.#parts);
  }

  /** Of everything, or of what these rows stand for, whichever tree that is. */
  async #showMergedOutput(rows: readonly Row[]): Promise<void> {
    const { link, processes } = this.#parts;
    const { showMergedOutput } = await import('./output/main.ts');
    const names = new Set(targetsOf(rows, processes).processes.map(({ name }) => name));
    const title = rows.length === 0 ? vscode.l10n.t('All Output') : vscode.l10n.t('Output: {0}', rows.map(({ label }) => label).join(', '));
    showMergedOutput(link, title, ({ name }) => rows.length === 0 || names.has(name));
  }

  async #openLog(tree: TreeSnapshot): Promise<void> {
    const { openLog } = await import('./output/main.ts');
    await openLog(tree, this.#parts);
  }

  /** Of one that the editor has started, its terminal. */
  #showOutput(tree: TreeSnapshot): void {
    if (tree.external === undefined) this.#parts.terminals.show(tree);
    else if (!this.#parts.external.reveal(tree)) void tellInfo(vscode.l10n.t('“{0}” has no terminal.', tree.name));
  }

  /** Runs on the given row, or on one that the user selects among those that the editor and its extensions have started. */
  async #withExternal(row: Row | undefined, work: (tree: TreeSnapshot) => Promise<void>): Promise<void> {
    const live = this.#parts.link.external.filter(({ endedAt }) => endedAt === undefined);
    if (row) {
      const tree = live.find((one) => externalKey(one) === row.process);
      if (!tree) throw new Error(vscode.l10n.t('“{0}” no longer exists.', row.label));
      await work(tree);
      return;
    }
    if (live.length === 0) {
      void tellInfo(
        vscode.l10n.t('No terminals, tasks, debug sessions or children of extensions are shown. Open the Processes view first.'),
      );
      return;
    }
    const items = live.map((tree) => ({ label: tree.name, description: tree.commandLine, tree }));
    const chosen = await pickOne(items, { placeHolder: vscode.l10n.t('Select a process'), ...keepOpen });
    if (chosen) await work(chosen.tree);
  }

  async #sendSignal({ tree }: Process & { readonly tree: TreeSnapshot }, pid: number | undefined): Promise<void> {
    const name = labelOf(tree);
    const target = pid === undefined ? name : vscode.l10n.t('{0}, pid {1}', name, pid);
    const signal = await pickOne(
      Object.keys(constants.signals).map((label) => ({ label })),
      { placeHolder: vscode.l10n.t('Select a signal for {0}', target), ...keepOpen },
    );
    if (signal === undefined) return;
    const client = await this.#parts.link.clientOf(tree.id);
    await client.signal({ tree: tree.id, signal: signal.label as NodeJS.Signals, ...(pid !== undefined && { pid }) });
  }

  async #onMember(row: Row | undefined, what: keyof typeof import('./debugging/main.ts')): Promise<void> {
    await this.#withLive(row, async (process) => {
      const debugging = await import('./debugging/main.ts');
      await debugging[what](process, row?.pid, this.#parts);
    });
  }

  async #showJournal(): Promise<void> {
    const { welcome } = await this.#parts.link.client();
    const document = await vscode.workspace.openTextDocument(vscode.Uri.file(welcome.journalFile));
    await vscode.window.showTextDocument(document, { selection: new vscode.Range(document.lineCount, 0, document.lineCount, 0) });
  }

  async #inspect(): Promise<void> {
    const client = await this.#parts.link.client();
    await this.#parts.documents.show('Tree Warden Diagnostics.json', JSON.stringify(await client.inspect(), null, 2));
  }

  /** Behind the status bar item. */
  async #pickTree(): Promise<void> {
    const { showStatusList } = await import('./statusList/statusList.ts');
    await showStatusList(this.#parts);
  }

  async #withLive(row: Row | undefined, work: (process: Process & { readonly tree: TreeSnapshot }) => Promise<void>): Promise<void> {
    await this.#withProcess(row, 'live', async (process) => {
      if (isRunning(process)) await work(process);
      else throw new Error(vscode.l10n.t('“{0}” is not running.', process.name));
    });
  }

  /** Runs on the URL of a port of the selected process, as the editor's window can reach it. */
  async #withUrl(row: Row | undefined, work: (url: vscode.Uri) => Promise<void>): Promise<void> {
    await this.#withProcess(row, 'reachable', async ({ tree }) => {
      const members = tree?.members.filter(({ pid }) => row?.pid === undefined || row.pid === pid) ?? [];
      const port = await pickPort(tcpPorts(members));
      if (port !== undefined)
        await work(
          await vscode.env.asExternalUri(
            vscode.Uri.parse(`http://${hostListening(members, port, vscode.env.remoteName !== undefined)}:${port}`),
          ),
        );
    });
  }

  /** Runs on the process of the given row, or on one that the user selects among the applicable ones. */
  async #withProcess(row: Row | undefined, which: Applicable, work: (process: Process) => Promise<unknown> | undefined): Promise<void> {
    const { processes } = this.#parts;
    if (row) {
      const process = processes.find(row.process);
      if (!process) throw new Error(vscode.l10n.t('“{0}” no longer exists.', row.process));
      await work(process);
      return;
    }
    const applicable = processes.all.filter((process) => appliesTo(process, which));
    if (applicable.length === 0) {
      void tellInfo(noneApplies(which));
      return;
    }
    const process = await pickProcess(applicable, vscode.l10n.t('Select a process'));
    if (process) await work(process);
  }
}
