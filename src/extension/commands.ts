import { constants } from 'node:os';
import * as vscode from 'vscode';
import { errorText } from '../protocol/errors.ts';
import { formatBytes, formatPercent } from '../protocol/format.ts';
import { hostListening, tcpPorts } from '../protocol/ports.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { labelOf } from '../protocol/trees.ts';
import { askScale } from './askScale.ts';
import { copy, reveal } from './commandUtilities.ts';
import { createProcessesFile } from './createProcessesFile.ts';
import type { Dashboards } from './dashboard/dashboard.ts';
import { modelCommands } from './models/modelCommands.ts';
import type { Models } from './models/models.ts';
import { killPort, pickPort } from './ports.ts';
import { isRunning, type Process, type Processes } from './processes.ts';
import { askFilter, pickSortBy } from './processTree/arrange.ts';
import { type ProcessesView, viewId } from './processTree/processesView.ts';
import { type Row, rowOf } from './processTree/row.ts';
import { ask, pickOne, tellError, tellInfo, withNotification } from './tell.ts';
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
  /** The environment of terminals that are opened later. */
  readonly environment: vscode.EnvironmentVariableCollection;
  /** The warden's program. */
  readonly wardenScript: string;
  readonly log: vscode.LogOutputChannel;
}

type Handler = (row: Row | undefined) => Promise<void>;

/** Registers every command of the palette and of the view's menus. A command called on a row receives that row. */
export function registerCommands(parts: CommandParts): vscode.Disposable {
  const handlers = { ...new Commands(parts).handlers(), ...modelCommands(parts.models, parts.environment) };
  const registrations = Object.entries(handlers).map(([name, handler]) =>
    vscode.commands.registerCommand(`tree-warden.${name}`, async (argument?: unknown) => {
      try {
        await handler(isRow(argument) ? argument : undefined);
      } catch (error) {
        parts.log.error(`${name}: ${errorText(error)}`);
        void tellError(errorText(error));
      }
    }),
  );
  return vscode.Disposable.from(...registrations);
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && 'kind' in value && 'context' in value;
}

/** A terminal that opens while the user selects an entry must not close the list. */
const keepOpen = { ignoreFocusOut: true } as const;

const confirmSetting = 'tree-warden.confirmStopAll';

/** Time in milliseconds after which a start or stop shows its progress. */
const progressDelayMillis = 700;

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
    const starting = allOf(processes.map(({ name }) => this.#parts.processes.start(name)));
    const [tree] = await withProgress(vscode.l10n.t('Starting {0}…', namesOf(processes)), starting);
    if (tree) this.#parts.terminals.show(tree);
  }

  /** Restarts one after the other, so that the other instances of a pool keep serving. */
  async #restart(processes: readonly Process[]): Promise<void> {
    const [first, ...others] = processes;
    if (first === undefined) return;
    const pool = first.declared && first.pool;
    if (pool !== undefined && others.length > 0) {
      await withProgress(vscode.l10n.t('Restarting {0}…', pool), this.#parts.processes.restartAll(pool));
      return;
    }
    const restarting = allOf(processes.map((process) => this.#parts.processes.restart(process)));
    const [tree] = await withProgress(vscode.l10n.t('Restarting {0}…', namesOf(processes)), restarting);
    if (tree && others.length === 0) this.#parts.terminals.show(tree);
  }

  async #stop(processes: readonly (Process & { readonly tree: TreeSnapshot })[], now: boolean): Promise<void> {
    const names = namesOf(processes);
    const reason = now ? vscode.l10n.t('killed by the user') : vscode.l10n.t('stopped by the user');
    const stopping = allOf(processes.map(({ tree }) => this.#parts.processes.stop(tree, now, reason)));
    const results = await withProgress(now ? vscode.l10n.t('Killing {0}…', names) : vscode.l10n.t('Stopping {0}…', names), stopping);
    const stuck = results.filter((tree) => tree.state === 'unkillable');
    if (stuck.length > 0)
      throw new Error(stuck.map((tree) => vscode.l10n.t('“{0}” could not be stopped: {1}', labelOf(tree), tree.reason)).join('\n'));
  }

  async #stopAll(now: boolean): Promise<void> {
    const { live } = this.#parts.processes;
    if (live.length === 0) {
      void tellInfo(vscode.l10n.t('No processes are running.'));
      return;
    }
    if (await this.#mayStopAll(live, now)) await this.#stop(live, now);
  }

  /** True when the user agrees, or only one process is running. */
  async #mayStopAll(live: readonly Process[], now: boolean): Promise<boolean> {
    if (live.length === 1 || !vscode.workspace.getConfiguration().get(confirmSetting, true)) return true;
    const question = now ? vscode.l10n.t('Kill all {0} processes?', live.length) : vscode.l10n.t('Stop all {0} processes?', live.length);
    const yes = now ? vscode.l10n.t('Kill All') : vscode.l10n.t('Stop All');
    const always = vscode.l10n.t('Don’t Ask Again');
    const answer = await ask(question, namesOf(live), yes, always);
    if (answer === always) await vscode.workspace.getConfiguration().update(confirmSetting, false, vscode.ConfigurationTarget.Global);
    return answer === yes || answer === always;
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

  /** Behind the status bar item: the trees, then the actions for the selected one. */
  async #pickTree(): Promise<void> {
    const process = await this.#pick(this.#parts.processes.live, vscode.l10n.t('Select a process tree of this window'));
    if (!process) return;
    const actions: [string, string, string][] = [
      ['terminal', vscode.l10n.t('Show Output'), 'showOutput'],
      ['debug-restart', vscode.l10n.t('Restart'), 'restart'],
      ['debug-stop', vscode.l10n.t('Stop'), 'stop'],
      ['flame', vscode.l10n.t('Kill Now'), 'killNow'],
    ];
    const choice = await pickOne(
      actions.map(([icon, label, command]) => ({ label, command, iconPath: new vscode.ThemeIcon(icon) })),
      { placeHolder: process.name, ...keepOpen },
    );
    if (choice) await vscode.commands.executeCommand(`tree-warden.${choice.command}`, rowOf(process.name));
  }

  async #withLive(row: Row | undefined, work: (process: Process & { readonly tree: TreeSnapshot }) => Promise<void>): Promise<void> {
    await this.#withProcess(row, 'live', async (process) => {
      if (isRunning(process)) await work(process);
      else throw new Error(vscode.l10n.t('“{0}” is not running.', process.name));
    });
  }

  /** Runs on all applicable instances of a pool's row; otherwise as {@link #withProcess}. */
  async #withProcesses(row: Row | undefined, which: Applicable, work: (processes: readonly Process[]) => Promise<void>): Promise<void> {
    if (row?.kind === 'pool') {
      await work(this.#parts.processes.pool(row.process).filter((process) => appliesTo(process, which)));
    } else {
      await this.#withProcess(row, which, async (process) => {
        if (which === 'live' && !isRunning(process)) throw new Error(vscode.l10n.t('“{0}” is not running.', process.name));
        await work([process]);
      });
    }
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
    const process = await this.#pick(applicable, vscode.l10n.t('Select a process'));
    if (process) await work(process);
  }

  async #pick(processes: readonly Process[], placeHolder: string): Promise<Process | undefined> {
    const items = processes.map((process) => ({
      label: labelOfProcess(process),
      description: describeForPick(process),
      process,
    }));
    return (await pickOne(items, { placeHolder, ...keepOpen }))?.process;
  }
}

/** The processes that a command applies to. */
type Applicable = 'idle' | 'live' | 'started' | 'declared' | 'reachable';

function appliesTo(process: Process, which: Applicable): boolean {
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

function noneApplies(which: Applicable): string {
  switch (which) {
    case 'idle':
      return vscode.l10n.t('All processes that processes.json declares are running.');
    case 'live':
      return vscode.l10n.t('No processes are running.');
    case 'started':
      return vscode.l10n.t('No process has been started yet.');
    case 'declared':
      return vscode.l10n.t('No processes.json declares a process.');
    case 'reachable':
      return vscode.l10n.t('No running process listens on a port.');
  }
}

function labelOfProcess({ name, pool, tree }: Process): string {
  return labelOf({ name, pool: pool ?? tree?.pool });
}

function namesOf(processes: readonly Process[]): string {
  return processes.map(labelOfProcess).join(', ');
}

function describeForPick({ declared, tree }: Process): string {
  if (tree === undefined) return declared?.spec.description ?? '';
  return tree.endedAt === undefined ? `${tree.state}  ${formatPercent(tree.cpuPercent)}  ${formatBytes(tree.memoryBytes)}` : tree.reason;
}

/**
 * Resolves when all of them are settled, so that one that fails does not hide the others.
 * @throws Error with a sentence for each that failed.
 */
async function allOf<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(work);
  const problems = settled.flatMap((one) => (one.status === 'rejected' ? [errorText(one.reason)] : []));
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** Shows progress in the view, and a notification only for work that takes noticeably long. */
async function withProgress<T>(title: string, work: Promise<T>): Promise<T> {
  const settled = work.then(
    () => true,
    () => true,
  );
  await vscode.window.withProgress({ location: { viewId } }, async () => {
    const noticeable = new Promise<false>((resolve) => setTimeout(() => resolve(false), progressDelayMillis));
    if (await Promise.race([settled, noticeable])) return;
    await withNotification(title, settled);
  });
  return await work;
}
