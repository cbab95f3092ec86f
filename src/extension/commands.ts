import { constants } from 'node:os';
import * as vscode from 'vscode';
import { errorText } from '../protocol/errors.ts';
import { formatBytes, formatPercent } from '../protocol/format.ts';
import type { TreeSnapshot } from '../protocol/messages.ts';
import { tcpPorts } from '../protocol/ports.ts';
import { labelOf } from '../protocol/trees.ts';
import { askScale } from './askScale.ts';
import { createProcessesFile } from './createProcessesFile.ts';
import type { Dashboards } from './dashboard/dashboard.ts';
import { copy, reveal } from './gestures.ts';
import { modelCommands } from './models/modelCommands.ts';
import type { Models } from './models/models.ts';
import { killPort, pickPort } from './ports.ts';
import { isRunning, type Process, type Processes } from './processes.ts';
import { askFilter, pickSortBy } from './processTree/arrange.ts';
import { type ProcessesView, viewId } from './processTree/processesView.ts';
import { type Row, rowOf } from './processTree/row.ts';
import type { Terminals } from './terminals.ts';
import type { WardenLink } from './wardenLink.ts';
import type { WorkspaceSpecs } from './workspaceSpecs.ts';

export interface CommandParts {
  readonly processes: Processes;
  readonly models: Models;
  readonly link: WardenLink;
  readonly specs: WorkspaceSpecs;
  readonly view: ProcessesView;
  readonly terminals: Terminals;
  readonly dashboards: Dashboards;
  /** Of terminals that are opened from now on. */
  readonly environment: vscode.EnvironmentVariableCollection;
  /** The warden's program. */
  readonly wardenScript: string;
  readonly log: vscode.LogOutputChannel;
}

type Handler = (row: Row | undefined) => Promise<void>;

/** Every command of the palette and of the view's menus; a row comes along where it was called on one. */
export function registerCommands(parts: CommandParts): vscode.Disposable {
  const handlers = { ...new Commands(parts).handlers(), ...modelCommands(parts.models, parts.environment) };
  const registrations = Object.entries(handlers).map(([name, handler]) =>
    vscode.commands.registerCommand(`tree-warden.${name}`, async (argument?: unknown) => {
      try {
        await handler(isRow(argument) ? argument : undefined);
      } catch (error) {
        parts.log.error(`${name}: ${errorText(error)}`);
        void vscode.window.showErrorMessage(errorText(error));
      }
    }),
  );
  return vscode.Disposable.from(...registrations);
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && 'kind' in value && 'context' in value;
}

/** A terminal that opens by itself, for a process that was started a moment ago, must not take a choice away from under the user's hands. */
const stays = { ignoreFocusOut: true } as const;

/** A stop or a start that takes longer than this many milliseconds is shown with its progress. */
const noticeableMillis = 700;

class Commands {
  readonly #parts: CommandParts;

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  handlers(): Record<string, Handler> {
    return {
      start: (row) => this.#withProcesses(row, 'idle', (processes) => this.#start(processes)),
      stop: (row) => this.#withProcesses(row, 'live', (processes) => this.#stop(processes.filter(isRunning), false)),
      restart: (row) => this.#withProcesses(row, 'live', (processes) => this.#restart(processes)),
      killNow: (row) => this.#withProcesses(row, 'live', (processes) => this.#stop(processes.filter(isRunning), true)),
      scale: (row) => this.#withProcess(row, 'declared', (process) => askScale(this.#parts.processes, process)),
      stopAll: () => this.#stopAll(false),
      killAll: () => this.#stopAll(true),
      sendSignal: (row) => this.#withLive(row, (process) => this.#sendSignal(process, row?.pid)),
      showOutput: (row) => this.#withProcess(row, 'started', async ({ tree }) => tree && this.#parts.terminals.show(tree)),
      copyPid: (row) => this.#withLive(row, ({ tree }) => copy(String(row?.pid ?? tree.leader?.pid ?? ''))),
      copyCommandLine: (row) => this.#withProcess(row, 'started', ({ tree }) => copy(tree?.commandLine ?? '')),
      revealSpec: (row) => this.#withProcess(row, 'declared', async ({ declared }) => declared && reveal(declared)),
      showJournal: () => this.#showJournal(),
      inspect: () => this.#inspect(),
      createFile: () => createProcessesFile(this.#parts.specs),
      pickTree: () => this.#pickTree(),
      openInBrowser: (row) => this.#withUrl(row, async (url) => void (await vscode.env.openExternal(url))),
      copyUrl: (row) => this.#withUrl(row, (url) => copy(url.toString(true))),
      killPort: () => killPort(this.#parts),
      sortBy: () => pickSortBy(),
      filter: () => askFilter(this.#parts.view),
      clearFilter: () => Promise.resolve(this.#parts.view.clearFilter()),
      openDashboard: () => Promise.resolve(this.#parts.dashboards.show()),
    };
  }

  async #start(processes: readonly Process[]): Promise<void> {
    const starting = Promise.all(processes.map(({ name }) => this.#parts.processes.start(name)));
    const [tree] = await withProgress(vscode.l10n.t('Starting {0}…', namesOf(processes)), starting);
    if (tree) this.#parts.terminals.show(tree);
  }

  /** One after the other, so that the others of a pool go on serving. */
  async #restart(processes: readonly Process[]): Promise<void> {
    for (const process of processes) {
      const restarting = this.#parts.processes.restart(process);
      const tree = await withProgress(vscode.l10n.t('Restarting {0}…', process.name), restarting);
      if (processes.length === 1) this.#parts.terminals.show(tree);
      else await this.#parts.link.started(tree);
    }
  }

  async #stop(processes: readonly (Process & { readonly tree: TreeSnapshot })[], now: boolean): Promise<void> {
    const names = namesOf(processes);
    const reason = now ? vscode.l10n.t('killed by the user') : vscode.l10n.t('stopped by the user');
    const stopping = Promise.all(processes.map(({ tree }) => this.#parts.processes.stop(tree, now, reason)));
    const results = await withProgress(now ? vscode.l10n.t('Killing {0}…', names) : vscode.l10n.t('Stopping {0}…', names), stopping);
    const stuck = results.filter((tree) => tree.state === 'unkillable');
    if (stuck.length > 0) throw new Error(stuck.map((tree) => `${tree.name}: ${tree.reason}`).join('\n'));
  }

  async #stopAll(now: boolean): Promise<void> {
    const { live } = this.#parts.processes;
    if (live.length === 0) {
      void vscode.window.showInformationMessage(vscode.l10n.t('Nothing is running.'));
      return;
    }
    await this.#stop(live, now);
  }

  async #sendSignal({ name, tree }: Process & { readonly tree: TreeSnapshot }, pid: number | undefined): Promise<void> {
    const target = pid === undefined ? name : `${name}, pid ${pid}`;
    const signal = await vscode.window.showQuickPick(Object.keys(constants.signals), {
      placeHolder: vscode.l10n.t('Signal for {0}', target),
      ...stays,
    });
    if (signal === undefined) return;
    const client = await this.#parts.link.clientOf(tree.id);
    await client.signal({ tree: tree.id, signal: signal as NodeJS.Signals, ...(pid !== undefined && { pid }) });
  }

  async #showJournal(): Promise<void> {
    const { welcome } = await this.#parts.link.client();
    const document = await vscode.workspace.openTextDocument(vscode.Uri.file(welcome.journalFile));
    await vscode.window.showTextDocument(document, { selection: new vscode.Range(document.lineCount, 0, document.lineCount, 0) });
  }

  async #inspect(): Promise<void> {
    const client = await this.#parts.link.client();
    const content = JSON.stringify(await client.inspect(), null, 2);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: 'json', content }));
  }

  /** Behind the status bar item: one's trees, then what to do with the chosen one. */
  async #pickTree(): Promise<void> {
    const process = await this.#pick(this.#parts.processes.live, vscode.l10n.t('Trees of this window'));
    if (!process) return;
    const actions: [string, string][] = [
      [vscode.l10n.t('$(terminal) Show Output'), 'showOutput'],
      [vscode.l10n.t('$(debug-restart) Restart'), 'restart'],
      [vscode.l10n.t('$(debug-stop) Stop'), 'stop'],
      [vscode.l10n.t('$(flame) Kill Now'), 'killNow'],
    ];
    const choice = await vscode.window.showQuickPick(
      actions.map(([label, command]) => ({ label, command })),
      { placeHolder: process.name, ...stays },
    );
    if (choice) await vscode.commands.executeCommand(`tree-warden.${choice.command}`, rowOf(process.name));
  }

  async #withLive(row: Row | undefined, work: (process: Process & { readonly tree: TreeSnapshot }) => Promise<void>): Promise<void> {
    await this.#withProcess(row, 'live', async (process) => {
      if (isRunning(process)) await work(process);
      else throw new Error(vscode.l10n.t('“{0}” is not running.', process.name));
    });
  }

  /** On all instances of a pool's row for which the command makes sense; else as {@link #withProcess}. */
  async #withProcesses(row: Row | undefined, which: Fitting, work: (processes: readonly Process[]) => Promise<void>): Promise<void> {
    if (row?.kind === 'pool') {
      await work(this.#parts.processes.pool(row.process).filter((process) => fits(process, which)));
    } else {
      await this.#withProcess(row, which, async (process) => {
        if (which === 'live' && !isRunning(process)) throw new Error(vscode.l10n.t('“{0}” is not running.', process.name));
        await work([process]);
      });
    }
  }

  /** Of what a process of the user's choice can be reached at, by whichever way leads there from where the editor's window is. */
  async #withUrl(row: Row | undefined, work: (url: vscode.Uri) => Promise<void>): Promise<void> {
    await this.#withProcess(row, 'reachable', async ({ tree }) => {
      const members = tree?.members.filter(({ pid }) => row?.pid === undefined || row.pid === pid) ?? [];
      const port = await pickPort(tcpPorts(members));
      if (port !== undefined) await work(await vscode.env.asExternalUri(vscode.Uri.parse(`http://localhost:${port}`)));
    });
  }

  /** On the given row, or on one that is picked among those for which the command makes sense. */
  async #withProcess(row: Row | undefined, which: Fitting, work: (process: Process) => Promise<unknown> | undefined): Promise<void> {
    const { processes } = this.#parts;
    if (row) {
      const process = processes.find(row.process);
      if (!process) throw new Error(vscode.l10n.t('“{0}” is not there any more.', row.process));
      await work(process);
      return;
    }
    const fitting = processes.all.filter((process) => fits(process, which));
    if (fitting.length === 0) {
      void vscode.window.showInformationMessage(nothingFits(which));
      return;
    }
    const process = await this.#pick(fitting, vscode.l10n.t('Which process?'));
    if (process) await work(process);
  }

  async #pick(processes: readonly Process[], placeHolder: string): Promise<Process | undefined> {
    const items = processes.map((process) => ({
      label: labelOf({ name: process.name, pool: process.pool ?? process.tree?.pool }),
      description: describeForPick(process),
      process,
    }));
    return (await vscode.window.showQuickPick(items, { placeHolder, ...stays }))?.process;
  }
}

/** For which processes a command makes sense. */
type Fitting = 'idle' | 'live' | 'started' | 'declared' | 'reachable';

function fits(process: Process, which: Fitting): boolean {
  switch (which) {
    case 'idle':
      return process.declared !== undefined && !isRunning(process);
    case 'live':
      return isRunning(process);
    case 'started':
      return process.tree !== undefined;
    case 'declared':
      return process.declared !== undefined;
    case 'reachable':
      return isRunning(process) && tcpPorts(process.tree.members).length > 0;
  }
}

function nothingFits(which: Fitting): string {
  switch (which) {
    case 'idle':
      return vscode.l10n.t('There is nothing to start: everything that processes.json declares is running, or it declares nothing.');
    case 'live':
      return vscode.l10n.t('Nothing is running.');
    case 'started':
      return vscode.l10n.t('Nothing has been started yet.');
    case 'declared':
      return vscode.l10n.t('There is no processes.json that declares anything.');
    case 'reachable':
      return vscode.l10n.t('Nothing that runs listens on a port.');
  }
}

function namesOf(processes: readonly Process[]): string {
  return processes.map((process) => process.name).join(', ');
}

function describeForPick({ declared, tree }: Process): string {
  if (tree === undefined) return declared?.spec.description ?? '';
  return tree.endedAt === undefined ? `${tree.state}  ${formatPercent(tree.cpuPercent)}  ${formatBytes(tree.memoryBytes)}` : tree.reason;
}

/** What is over in a moment needs no notification. */
async function withProgress<T>(title: string, work: Promise<T>): Promise<T> {
  const settled = work.then(
    () => true,
    () => true,
  );
  await vscode.window.withProgress({ location: { viewId } }, async () => {
    const noticeable = new Promise<false>((resolve) => setTimeout(() => resolve(false), noticeableMillis));
    if (await Promise.race([settled, noticeable])) return;
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () => settled);
  });
  return await work;
}
