import * as vscode from 'vscode';
import { formatBytes, formatPercent } from '../../protocol/format.ts';
import { formatPorts } from '../../protocol/ports.ts';
import { nextTimeText } from '../../protocol/schedule.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { endText, isLive, labelOf, stateWord } from '../../protocol/trees.ts';
import type { FoundProcesses } from '../found/foundProcesses.ts';
import type { Health } from '../health/health.ts';
import { isArmed, type Process, type Processes } from '../processes.ts';
import { rowOf, withoutName } from '../processTree/row.ts';
import { waitingLook } from '../processTree/scheduleText.ts';
import { pickOne } from '../tell.ts';
import { hasFailed, type ListedProcess, statusEntries } from './statusEntries.ts';

export interface StatusListParts {
  readonly processes: Processes;
  readonly found: FoundProcesses;
  readonly health: Health;
}

/** A terminal that opens while the user selects an entry must not close the list. */
const keepOpen = { ignoreFocusOut: true } as const;

interface Entry extends vscode.QuickPickItem {
  /** Runs, or lists what can be done. */
  readonly run?: () => Thenable<unknown>;
}

/** Behind the status bar item: what has failed, what runs, and what acts on all of it. */
export async function showStatusList(parts: StatusListParts): Promise<void> {
  const listed = parts.processes.all.map((process) => ({
    ...process,
    problems: process.tree ? parts.health.problemsOf(process.tree) : [],
  }));
  const { failures, running } = statusEntries(listed);
  const entryOf = (process: ListedProcess & Process): Entry => ({
    label: labelOf({ name: process.name, pool: process.pool ?? process.tree?.pool }),
    description: describe(process),
    iconPath: iconOf(process, failures.includes(process)),
    run: () => pickAction(parts, process),
  });
  const entries: Entry[] = [
    ...section(vscode.l10n.t('Needs Attention'), failures.map(entryOf)),
    ...section(vscode.l10n.t('Running'), running.map(entryOf)),
    ...section(vscode.l10n.t('Actions'), actionsForAll(parts)),
  ];
  const choice = await pickOne(entries, {
    placeHolder: vscode.l10n.t('Select a process or an action'),
    matchOnDescription: true,
    ...keepOpen,
  });
  await choice?.run?.();
}

function section(title: string, entries: readonly Entry[]): Entry[] {
  return entries.length === 0 ? [] : [{ label: title, kind: vscode.QuickPickItemKind.Separator }, ...entries];
}

function actionsForAll({ processes }: StatusListParts): Entry[] {
  return [
    action('graph', vscode.l10n.t('Open Dashboard'), 'tree-warden.openDashboard'),
    action('list-tree', vscode.l10n.t('Show Processes View'), 'tree-warden.processes.focus'),
    ...(processes.live.length > 0 ? [action('stop-circle', vscode.l10n.t('Stop All'), 'tree-warden.stopAll')] : []),
  ];
}

/** What can be done with one of them as it is now. */
async function pickAction({ found }: StatusListParts, process: ListedProcess & Process): Promise<void> {
  const { name, tree, declared, waitsFor } = process;
  const row = rowOf(name);
  const restart = action('debug-restart', vscode.l10n.t('Restart'), 'tree-warden.restart', row);
  const stop = action('debug-stop', vscode.l10n.t('Stop'), 'tree-warden.stop', row);
  const start = action('play', vscode.l10n.t('Start'), declared ? 'tree-warden.start' : 'tree-warden.runFound', row);
  const actions = [
    ...(tree ? [action('terminal', vscode.l10n.t('Show Output'), 'tree-warden.showOutput', row)] : []),
    ...(waitsFor || isArmed(process) ? [stop] : []),
    ...(tree && isLive(tree)
      ? [restart, stop, action('flame', vscode.l10n.t('Kill Now'), 'tree-warden.killNow', row)]
      : !waitsFor && (declared || found.find(name))
        ? [start]
        : []),
    ...(declared
      ? [
          action('history', vscode.l10n.t('Show Runs'), 'tree-warden.showRuns', row),
          action('go-to-file', vscode.l10n.t('Reveal in processes.json'), 'tree-warden.revealSpec', row),
        ]
      : []),
  ];
  await (await pickOne(actions, { placeHolder: name, ...keepOpen }))?.run?.();
}

function action(icon: string, label: string, command: string, ...args: unknown[]): Entry {
  return { label, iconPath: new vscode.ThemeIcon(icon), run: () => vscode.commands.executeCommand(command, ...args) };
}

/** The state first: a narrow list cuts off what comes behind it. */
function describe(process: ListedProcess & Process): string {
  const { tree, problems, failure, waitsFor, name, schedule } = process;
  if (waitsFor) return vscode.l10n.t('waits for {0}', waitsFor.join(', '));
  const nowAt = Date.now();
  if (schedule && isArmed(process)) return waitingLook({ name, tree, failure, nextRun: nextTimeText(schedule, nowAt) }).description;
  if (tree === undefined || !isLive(tree)) return failure === undefined ? (tree ? endText(tree) : '') : withoutName(failure, name);
  const state = stateWord(tree);
  const parts = [state === 'ready' ? '' : state, ...problems, figuresOf(tree), formatPorts(tree.members)];
  return parts.filter(Boolean).join('  ');
}

function figuresOf({ cpuPercent, memoryBytes, endedAt }: TreeSnapshot): string {
  return endedAt === undefined ? `${formatPercent(cpuPercent)}  ${formatBytes(memoryBytes)}` : '';
}

function iconOf(process: ListedProcess & Process, needsAttention: boolean): vscode.ThemeIcon {
  if (process.waitsFor) return new vscode.ThemeIcon('watch', new vscode.ThemeColor('charts.yellow'));
  if (hasFailed(process)) return new vscode.ThemeIcon('error', new vscode.ThemeColor('charts.red'));
  if (isArmed(process)) return new vscode.ThemeIcon('calendar');
  if (needsAttention) return new vscode.ThemeIcon('warning', new vscode.ThemeColor('charts.yellow'));
  return new vscode.ThemeIcon('circle-filled', new vscode.ThemeColor('charts.green'));
}
