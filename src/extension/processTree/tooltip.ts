import * as vscode from 'vscode';
import { describeLimits, formatBytes, formatDuration, formatPercent, formatRate } from '../../protocol/format.ts';
import type { Details, History, TreeSnapshot } from '../../protocol/messages.ts';
import { describePorts } from '../../protocol/ports.ts';
import type { Process } from '../processes.ts';
import { sparkline } from './sparkline.ts';

/** What was asked for this hover alone. */
export interface CloseLook {
  readonly details?: Details;
  readonly history?: History;
}

/** So many points, at the pace of somebody who looks: two minutes. */
const sparkPoints = 120;
/** A bar of full height is at least so many percent, so that the murmur of an idle process stays low. */
const fullPercent = 10;

/** All that a row has no room for; of one member where `pid` is given. `ills`: what is wrong with it, as clauses. */
export function tooltipOf(
  { name, declared, tree }: Process,
  pid: number | undefined,
  ills: readonly string[],
  { details, history }: CloseLook,
): vscode.MarkdownString {
  const text = new Tooltip(name, declared?.spec.description);
  if (tree === undefined) {
    text.line(vscode.l10n.t('Command'), [declared?.spec.command ?? ''].flat().join(' '));
    return text.markdown;
  }
  const member = tree.members.find((candidate) => candidate.pid === pid);
  text.line(vscode.l10n.t('Command'), tree.commandLine);
  text.line(vscode.l10n.t('Directory'), tree.cwd);
  text.line(vscode.l10n.t('State'), `${tree.state}, ${tree.reason}`);
  addPolicies(text, tree);
  if (ills.length > 0) text.line(vscode.l10n.t('Needs attention'), ills.join('; '));
  if (tree.leader) text.line(vscode.l10n.t('Leader'), vscode.l10n.t('pid {0}, group {1}', tree.leader.pid, tree.leader.group));
  text.line(vscode.l10n.t('Time'), formatDuration((tree.endedAt ?? Date.now()) - tree.startedAt));
  if (member) text.line(vscode.l10n.t('This process'), `${member.name}, pid ${member.pid}, ${formatPercent(member.cpuPercent)}`);
  else if (tree.endedAt === undefined) addTree(text, tree, history);
  text.line(vscode.l10n.t('Memory'), describeMemory(member?.memoryBytes ?? tree.memoryBytes, details));
  const gpu = member ? member.gpu : tree.gpu;
  if (gpu) text.line(vscode.l10n.t('GPU'), `${formatBytes(gpu.memoryBytes)}, ${formatPercent(gpu.percent)}`);
  const ports = describePorts(member ? [member] : tree.members);
  if (ports) text.line(vscode.l10n.t('Listens on'), ports);
  if (details) addDetails(text, details);
  text.line(vscode.l10n.t('Containment'), tree.containment);
  if (tree.lifetime === 'detached') text.line(vscode.l10n.t('Lifetime'), vscode.l10n.t('detached: it survives this window'));
  if (tree.limits) text.line(vscode.l10n.t('Limits'), describeLimits(tree.limits));
  if (tree.warning !== undefined) text.line(vscode.l10n.t('Warning'), tree.warning);
  return text.markdown;
}

/** What its probes and its restart policy have to say. */
function addPolicies(text: Tooltip, { health, illness, state, restarts, nextStartAt, lastLines }: TreeSnapshot): void {
  if (health !== 'unknown' || illness !== undefined) {
    const known = state === 'starting' ? vscode.l10n.t('not ready yet') : health;
    text.line(vscode.l10n.t('Health'), illness === undefined ? known : `${known}, ${illness}`);
  }
  if (restarts !== undefined)
    text.line(vscode.l10n.t('Restarted'), restarts === 1 ? vscode.l10n.t('once') : vscode.l10n.t('{0} times', restarts));
  if (nextStartAt !== undefined) text.line(vscode.l10n.t('Restarts at'), new Date(nextStartAt).toLocaleTimeString());
  if (lastLines && lastLines.length > 0) text.lines(vscode.l10n.t('Printed last'), lastLines);
}

function addTree(text: Tooltip, tree: TreeSnapshot, history: History | undefined): void {
  text.line(vscode.l10n.t('Members'), String(tree.members.length));
  const values = history?.recent.cpuPercent.slice(-sparkPoints) ?? [];
  text.line(vscode.l10n.t('CPU'), `${sparkline(values, fullPercent)} ${formatPercent(tree.cpuPercent)}`.trim());
  const { readRate, writeRate } = tree;
  if (readRate + writeRate > 0)
    text.line(vscode.l10n.t('Storage'), vscode.l10n.t('reads {0}, writes {1}', formatRate(readRate), formatRate(writeRate)));
}

function describeMemory(bytes: number, details: Details | undefined): string {
  const resident = formatBytes(bytes);
  const shared = details?.sharedOutBytes;
  return shared === undefined
    ? vscode.l10n.t('{0} resident (RSS; shared pages count in each process)', resident)
    : vscode.l10n.t('{0} resident (RSS), {1} with shared pages divided (PSS)', resident, formatBytes(shared));
}

function addDetails(text: Tooltip, { openFiles, connections, container }: Details): void {
  if (openFiles !== undefined) {
    const files = openFiles === 1 ? vscode.l10n.t('1 descriptor') : vscode.l10n.t('{0} descriptors', openFiles);
    const tcp = connections === 1 ? vscode.l10n.t('1 TCP connection') : vscode.l10n.t('{0} TCP connections', connections ?? 0);
    text.line(vscode.l10n.t('Open'), `${files}, ${tcp}`);
  }
  const { memoryBytes, pressure } = container ?? {};
  if (memoryBytes !== undefined)
    text.line(vscode.l10n.t('Memory of its cgroup'), vscode.l10n.t('{0} with cached files', formatBytes(memoryBytes)));
  const waiting = Object.entries(pressure ?? {}).filter(([, percent]) => percent > 0);
  if (waiting.length > 0)
    text.line(vscode.l10n.t('Had to wait'), waiting.map(([what, percent]) => `${what} ${formatPercent(percent)}`).join(', '));
}

/** A hover, line by line. */
export class Tooltip {
  readonly markdown = new vscode.MarkdownString();

  constructor(name: string, description: string | undefined) {
    this.markdown.appendMarkdown('**').appendText(name).appendMarkdown('**  \n');
    if (description) this.markdown.appendText(description).appendMarkdown('  \n');
  }

  lines(label: string, lines: readonly string[]): void {
    this.markdown.appendMarkdown(`${label}:\n`).appendCodeblock(lines.join('\n'));
  }

  line(label: string, value: string): void {
    this.markdown.appendMarkdown(`${label}: `).appendText(value).appendMarkdown('  \n');
  }
}
