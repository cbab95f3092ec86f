import * as vscode from 'vscode';
import { displayCommandLine } from '../../command/commandLine.ts';
import type { Details, History } from '../../protocol/figures.ts';
import { describeLimits, formatBytes, formatDuration, formatPercent, formatRate } from '../../protocol/format.ts';
import { describePorts } from '../../protocol/ports.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { stateAndReason } from '../../protocol/trees.ts';
import { visible } from '../../protocol/visible.ts';
import type { Process } from '../processes.ts';
import { sparkline } from './sparkline.ts';

/** Details that are requested for one hover only. */
export interface CloseLook {
  readonly details?: Details;
  readonly history?: History;
}

/** Number of points in the sparkline: two minutes at the sampling interval of a visible view. */
const sparkPoints = 120;
/** Minimum CPU percentage of a bar of full height, so that the noise of an idle process stays low. */
const minFullPercent = 10;

/** The hover of a process, or of its member `pid`. `problems` are its current problems. */
export function tooltipOf(
  { name, declared, tree }: Process,
  pid: number | undefined,
  problems: readonly string[],
  { details, history }: CloseLook,
): vscode.MarkdownString {
  const text = new Tooltip(name, declared?.spec.description);
  if (tree === undefined) {
    // As it is written: its variables are not those of a shell, which quotes would keep from it.
    const written = [declared?.spec.command ?? ''].flat().join(' ');
    text.line(vscode.l10n.t('Command'), displayCommandLine(['sh', '-c', written]));
    return text.markdown;
  }
  const member = tree.members.find((candidate) => candidate.pid === pid);
  text.line(vscode.l10n.t('Command'), tree.commandLine);
  text.line(vscode.l10n.t('Directory'), tree.cwd);
  text.line(vscode.l10n.t('State'), stateAndReason(tree));
  addPolicies(text, tree);
  if (problems.length > 0) text.line(vscode.l10n.t('Needs attention'), problems.join('; '));
  if (tree.leader) text.line(vscode.l10n.t('Leader'), vscode.l10n.t('pid {0}, group {1}', tree.leader.pid, tree.leader.group));
  text.line(vscode.l10n.t('Time'), formatDuration((tree.endedAt ?? Date.now()) - tree.startedAt));
  if (member) text.line(vscode.l10n.t('This process'), `${member.name}, pid ${member.pid}, ${formatPercent(member.cpuPercent)}`);
  else if (tree.endedAt === undefined) addTree(text, tree, history);
  text.line(vscode.l10n.t('Memory'), describeMemory(member?.memoryBytes ?? tree.memoryBytes, details));
  const gpu = member ? member.gpu : tree.gpu;
  if (gpu) text.line(vscode.l10n.t('GPU'), `${formatBytes(gpu.memoryBytes)}, ${formatPercent(gpu.percent)}`);
  const ports = describePorts(member ? [member] : tree.members);
  if (ports) text.line(vscode.l10n.t('Ports'), ports);
  if (details) addDetails(text, details);
  text.line(vscode.l10n.t('Containment'), tree.containment);
  if (tree.lifetime === 'detached') text.line(vscode.l10n.t('Lifetime'), vscode.l10n.t('Detached (survives this window)'));
  if (tree.limits) text.line(vscode.l10n.t('Limits'), describeLimits(tree.limits));
  if (tree.warning !== undefined) text.line(vscode.l10n.t('Warning'), tree.warning);
  return text.markdown;
}

/** Health and restarts. */
function addPolicies(text: Tooltip, { health, illness, state, restarts, nextStartAt, lastLines }: TreeSnapshot): void {
  if (health !== 'unknown' || illness !== undefined) {
    const known = state === 'starting' ? vscode.l10n.t('not ready yet') : health;
    text.line(vscode.l10n.t('Health'), illness === undefined ? known : `${known}, ${illness}`);
  }
  if (restarts !== undefined)
    text.line(vscode.l10n.t('Restarted'), restarts === 1 ? vscode.l10n.t('1 time') : vscode.l10n.t('{0} times', restarts));
  if (nextStartAt !== undefined) text.line(vscode.l10n.t('Restarts at'), new Date(nextStartAt).toLocaleTimeString());
  if (lastLines && lastLines.length > 0) text.lines(vscode.l10n.t('Last output'), lastLines);
}

function addTree(text: Tooltip, tree: TreeSnapshot, history: History | undefined): void {
  text.line(vscode.l10n.t('Members'), String(tree.members.length));
  const values = history?.recent.cpuPercent.slice(-sparkPoints) ?? [];
  text.line(vscode.l10n.t('CPU'), `${sparkline(values, minFullPercent)} ${formatPercent(tree.cpuPercent)}`.trim());
  const { readRate, writeRate } = tree;
  if (readRate + writeRate > 0)
    text.line(vscode.l10n.t('Disk'), vscode.l10n.t('{0} read, {1} written', formatRate(readRate), formatRate(writeRate)));
}

function describeMemory(bytes: number, details: Details | undefined): string {
  const resident = formatBytes(bytes);
  const shared = details?.pssBytes;
  return shared === undefined
    ? vscode.l10n.t('{0} resident (RSS, shared pages counted in each process)', resident)
    : vscode.l10n.t('{0} resident (RSS), {1} proportional (PSS)', resident, formatBytes(shared));
}

function addDetails(text: Tooltip, { openFiles, connections, container }: Details): void {
  if (openFiles !== undefined) {
    const files = openFiles === 1 ? vscode.l10n.t('1 descriptor') : vscode.l10n.t('{0} descriptors', openFiles);
    const tcp = connections === 1 ? vscode.l10n.t('1 TCP connection') : vscode.l10n.t('{0} TCP connections', connections ?? 0);
    text.line(vscode.l10n.t('Open files'), `${files}, ${tcp}`);
  }
  const { memoryBytes, pressure } = container ?? {};
  if (memoryBytes !== undefined)
    text.line(vscode.l10n.t('Cgroup memory'), vscode.l10n.t('{0} (including cached files)', formatBytes(memoryBytes)));
  const waiting = Object.entries(pressure ?? {}).filter(([, percent]) => percent > 0);
  if (waiting.length > 0)
    text.line(vscode.l10n.t('Pressure'), waiting.map(([what, percent]) => `${what} ${formatPercent(percent)}`).join(', '));
}

/** A hover, line by line. */
export class Tooltip {
  readonly markdown = new vscode.MarkdownString();

  constructor(name: string, description: string | undefined) {
    this.markdown.appendMarkdown('**').appendText(visible(name)).appendMarkdown('**  \n');
    if (description) this.markdown.appendText(visible(description)).appendMarkdown('  \n');
  }

  lines(label: string, lines: readonly string[]): void {
    this.markdown.appendMarkdown(`${label}:\n`).appendCodeblock(lines.map(visible).join('\n'));
  }

  line(label: string, value: string): void {
    this.markdown.appendMarkdown(`${label}: `).appendText(visible(value)).appendMarkdown('  \n');
  }
}
