/** What a command acts on: one row, several selected ones, all below a group, or what the user selects in a list. */
import * as vscode from 'vscode';
import { formatBytes, formatPercent } from '../../protocol/format.ts';
import { isJob } from '../../protocol/jobs.ts';
import { tcpPorts } from '../../protocol/ports.ts';
import { endText, labelOf } from '../../protocol/trees.ts';
import { hasJobs, isArmed, isRunning, isWaiting, type Process, type Processes } from '../processes.ts';
import type { Row } from '../processTree/row.ts';
import { runKeyOf } from '../runs/runKey.ts';
import { pickOne, pickSeveral, tellInfo } from '../tell.ts';

/** The processes that a command applies to. */
export type Applicable = 'idle' | 'live' | 'running' | 'started' | 'declared' | 'recorded' | 'reachable' | 'watching' | 'unwatched';

/** A terminal that opens while the user selects an entry must not close the list. */
export const keepOpen = { ignoreFocusOut: true } as const;

/** What rows stand for, apart by what starts and stops it. */
export interface Targets {
  readonly processes: readonly Process[];
  readonly languageServers: readonly string[];
  readonly models: readonly string[];
  /** Names of what was found in the workspace and has not been started. */
  readonly found: readonly string[];
}

export function appliesTo(process: Process, which: Applicable): boolean {
  switch (which) {
    case 'idle':
      return process.declared !== undefined && process.jobs === undefined && !isRunning(process) && !isWaiting(process);
    case 'live':
      return isRunning(process) || isWaiting(process) || isArmed(process) || hasJobs(process);
    case 'running':
      return (isRunning(process) || isWaiting(process)) && !isJob(process);
    case 'started':
      return process.tree !== undefined;
    case 'declared':
      return process.declared !== undefined;
    case 'recorded':
      return runKeyOf(process) !== undefined;
    case 'reachable':
      return isRunning(process) && tcpPorts(process.tree.members).length > 0;
    case 'watching':
      return process.watch?.state === 'watching';
    case 'unwatched':
      return process.watch !== undefined && process.watch.state !== 'watching' && process.watch.state !== 'off';
  }
}

/** Everything that these rows stand for, each once. A group stands for all below it, but for what was found and is not kept. */
export function targetsOf(rows: readonly Row[], processes: Processes): Targets {
  const leaves = rows.flatMap((row) => (row.kind === 'group' ? leavesBelow(row) : [row]));
  const namesOf = (...kinds: readonly Row['kind'][]): string[] => [
    ...new Set(leaves.filter(({ kind }) => kinds.includes(kind)).map(({ process }) => process)),
  ];
  const own = [
    ...namesOf('pool').flatMap((name) => processes.pool(name)),
    ...namesOf('process', 'external', 'member').flatMap((name) => processes.find(name) ?? []),
  ];
  return {
    processes: [...new Map(own.map((process) => [process.tree?.id ?? process.name, process])).values()],
    languageServers: namesOf('languageServer'),
    models: namesOf('model'),
    found: namesOf('found'),
  };
}

function leavesBelow({ children }: Row): readonly Row[] {
  return children.flatMap((row) => (row.kind === 'group' ? leavesBelow(row) : row.kind === 'found' ? [] : [row]));
}

/** Lists those that the command applies to, a pool as one entry; undefined where there are none, or the user selects none. */
export async function pickProcesses(processes: Processes, which: Applicable, placeHolder: string): Promise<readonly Process[] | undefined> {
  const applicable = processes.all.filter((process) => appliesTo(process, which));
  if (applicable.length === 0) {
    void tellInfo(noneApplies(which));
    return undefined;
  }
  const entries = new Map<string, Process[]>();
  for (const process of applicable) {
    const name = process.pool ?? process.name;
    entries.set(name, [...(entries.get(name) ?? []), process]);
  }
  const items = Array.from(entries, ([name, all]) => {
    const [first] = all;
    return first && all.length === 1
      ? { label: labelOfProcess(first), description: describeForPick(first), all }
      : { label: name, description: vscode.l10n.t('{0} instances', all.length), all };
  });
  const chosen = await pickSeveral(items, { placeHolder });
  return chosen?.flatMap(({ all }) => all);
}

export async function pickProcess(processes: readonly Process[], placeHolder: string): Promise<Process | undefined> {
  const items = processes.map((process) => ({
    label: labelOfProcess(process),
    description: describeForPick(process),
    process,
  }));
  return (await pickOne(items, { placeHolder, ...keepOpen }))?.process;
}

export function noneApplies(which: Applicable): string {
  switch (which) {
    case 'idle':
      return vscode.l10n.t('All processes that processes.json declares are running.');
    case 'live':
    case 'running':
      return vscode.l10n.t('No processes are running.');
    case 'started':
      return vscode.l10n.t('No process has been started yet.');
    case 'declared':
    case 'recorded':
      return vscode.l10n.t('No processes.json declares a process.');
    case 'reachable':
      return vscode.l10n.t('No running process listens on a port.');
    case 'watching':
      return vscode.l10n.t('No process whose files are watched has been started.');
    case 'unwatched':
      return vscode.l10n.t('No process has the watching of its files paused.');
  }
}

export function labelOfProcess({ name, pool, tree }: Process): string {
  return labelOf({ name: tree?.external ? tree.name : name, pool: pool ?? tree?.pool });
}

export function namesOf(processes: readonly Process[]): string {
  return processes.map(labelOfProcess).join(', ');
}

function describeForPick({ declared, tree }: Process): string {
  if (tree === undefined) return declared?.spec.description ?? '';
  return tree.endedAt === undefined ? `${tree.state}  ${formatPercent(tree.cpuPercent)}  ${formatBytes(tree.memoryBytes)}` : endText(tree);
}
