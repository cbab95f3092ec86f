import * as vscode from 'vscode';
import { displayCommandLine } from '../../command/commandLine.ts';
import type { FoundProcess } from '../../config/import/foundTask.ts';
import type { Toolchain } from '../../config/toolchains/toolchain.ts';
import type { External } from '../../protocol/external.ts';
import type { Details, History } from '../../protocol/figures.ts';
import { gitWaitText, type WatchStatus, watchEventText } from '../../protocol/fileWatch.ts';
import { clockTime, dateAndTime, describeLimits, formatBytes, formatDuration, formatPercent, formatRate } from '../../protocol/format.ts';
import type { Isolation } from '../../protocol/isolation.ts';
import { jobCountText } from '../../protocol/jobs.ts';
import { describePorts } from '../../protocol/ports.ts';
import { timeOfRun } from '../../protocol/runs.ts';
import { type Schedule, type ScheduleStatus, scheduleActionText } from '../../protocol/schedule.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { stateAndReason } from '../../protocol/trees.ts';
import { visible } from '../../protocol/visible.ts';
import { messageText } from '../localized.ts';
import type { Process } from '../processes.ts';
import type { RecordedRun } from '../runs/recordedRuns.ts';
import { sparkline } from './sparkline.ts';

/** Details that are requested for one hover only. */
export interface CloseLook {
  readonly details?: Details;
  readonly history?: History;
  /** Of a process of which this window has no tree. */
  readonly lastRun?: RecordedRun;
}

/** Number of points in the sparkline: two minutes at the sampling interval of a visible view. */
const sparkPoints = 120;
/** Minimum CPU percentage of a bar of full height, so that the noise of an idle process stays low. */
const minFullPercent = 10;

/** The hover of a process, or of its member `pid`. `problems` are its current problems. */
export function tooltipOf(
  { name, declared, tree, failure, waitsFor, watch, schedule, jobs, toolchains = [] }: Process,
  pid: number | undefined,
  problems: readonly string[],
  { details, history, lastRun }: CloseLook,
): vscode.MarkdownString {
  const text = new Tooltip(name, declared?.spec.description);
  if (waitsFor) text.line(vscode.l10n.t('Waits for'), waitsFor.join(', '));
  else if (failure !== undefined) text.line(vscode.l10n.t('Last start'), failure);
  if (schedule) addSchedule(text, schedule, declared?.spec.schedule);
  if (jobs) {
    text.line(vscode.l10n.t('Jobs'), jobCountText(jobs));
    text.line(vscode.l10n.t('At once'), vscode.l10n.t('{0}, and {1} in the queue', jobs.maxConcurrent, jobs.maxQueued));
  }
  if (tree === undefined) {
    // As it is written: its variables are not those of a shell, which quotes would keep from it.
    const written = [declared?.spec.command ?? ''].flat().join(' ');
    text.line(vscode.l10n.t('Command'), displayCommandLine(['sh', '-c', written]));
    addToolchains(text, toolchains);
    if (lastRun) addLastRun(text, lastRun);
    return text.markdown;
  }
  const member = tree.members.find((candidate) => candidate.pid === pid);
  text.line(vscode.l10n.t('Command'), tree.commandLine);
  if (tree.cwd !== '') text.line(vscode.l10n.t('Directory'), tree.cwd);
  addToolchains(text, toolchains);
  text.line(vscode.l10n.t('State'), stateAndReason(tree));
  if (tree.prompt !== undefined) text.line(vscode.l10n.t('Waits for input'), tree.prompt);
  addPolicies(text, tree);
  if (watch && member === undefined) addWatch(text, watch, declared?.spec.watch?.paths ?? []);
  if (problems.length > 0) text.line(vscode.l10n.t('Needs attention'), problems.join('; '));
  if (tree.leader) text.line(vscode.l10n.t('Leader'), vscode.l10n.t('pid {0}, group {1}', tree.leader.pid, tree.leader.group));
  text.line(vscode.l10n.t('Time'), formatDuration((tree.endedAt ?? Date.now()) - tree.startedAt));
  if (tree.endedAt !== undefined) text.line(vscode.l10n.t('Ended'), dateAndTime(tree.endedAt));
  if (member) text.line(vscode.l10n.t('This process'), `${member.name}, pid ${member.pid}, ${formatPercent(member.cpuPercent)}`);
  else if (tree.endedAt === undefined) addTree(text, tree, history);
  if (tree.endedAt === undefined) text.line(vscode.l10n.t('Memory'), describeMemory(member?.memoryBytes ?? tree.memoryBytes, details));
  const gpu = member ? member.gpu : tree.gpu;
  if (gpu) text.line(vscode.l10n.t('GPU'), `${formatBytes(gpu.memoryBytes)}, ${formatPercent(gpu.percent)}`);
  const ports = describePorts(member ? [member] : tree.members);
  if (ports) text.line(vscode.l10n.t('Ports'), ports);
  if (details) addDetails(text, details);
  text.line(vscode.l10n.t('Containment'), describeContainment(tree));
  if (tree.isolate) text.line(vscode.l10n.t('Isolated'), describeIsolation(tree.isolate));
  if (tree.join !== undefined) text.line(vscode.l10n.t('Joined to'), tree.join);
  if (tree.external) text.line(vscode.l10n.t('Guard'), describeGuard(tree.external));
  if (tree.lifetime === 'detached') text.line(vscode.l10n.t('Lifetime'), vscode.l10n.t('Detached (survives this window)'));
  if (tree.limits) text.line(vscode.l10n.t('Limits'), describeLimits(tree.limits));
  if (tree.remote?.endsAt !== undefined) text.line(vscode.l10n.t('Time limit ends at'), new Date(tree.remote.endsAt).toLocaleString());
  if (tree.warning !== undefined) text.line(vscode.l10n.t('Warning'), tree.warning);
  return text.markdown;
}

/** As the newest declaration has them. */
function addToolchains(text: Tooltip, toolchains: readonly Toolchain[]): void {
  for (const { name, place } of toolchains) text.line(name === 'python' ? 'Python' : 'Node.js', place);
}

/** With what it means, where that is not in the name. */
function describeContainment({ containment, external }: TreeSnapshot): string {
  if (containment !== 'group' || external !== undefined) return containment;
  return vscode.l10n.t(
    'group (what it starts is found by its session and by what it inherits; “tree-warden doctor” says what else this machine offers)',
  );
}

/** What an isolated process may reach. */
function describeIsolation({ network, write, tmp, secrets }: Isolation): string {
  const writable = tmp === 'shared' ? ['/tmp', ...write] : write;
  const reached = [
    network ? vscode.l10n.t('has the network') : vscode.l10n.t('no network'),
    writable.length > 0
      ? vscode.l10n.t('writes to {0}', joinedBriefly(writable))
      : vscode.l10n.t('writes to nothing but a /tmp of its own'),
    ...(secrets === 'readable' ? [vscode.l10n.t('reads keys and tokens')] : []),
  ];
  return reached.join(', ');
}

/** How firmly it is held, in a sentence. */
function describeGuard({ guard, hold }: External): string {
  if (guard === 'watched') return vscode.l10n.t('Not guarded. It is only shown.');
  const found =
    hold === 'descent'
      ? vscode.l10n.t('A process that leaves it between two looks is not found.')
      : vscode.l10n.t('Everything that it has started since then is found, wherever it went.');
  return guard === 'marked'
    ? vscode.l10n.t('What it leaves behind is told of. {0}', found)
    : vscode.l10n.t('It ends with the window, and leaves nothing behind. {0}', found);
}

/** The hover of what was found in the workspace, and has not run yet. `failure`: why its last start has failed, as a sentence. */
export function foundTooltip({ name, command, cwd, source, line, kind }: FoundProcess, failure: string | undefined): vscode.MarkdownString {
  const text = new Tooltip(name, undefined);
  if (failure !== undefined) text.line(vscode.l10n.t('Last start'), failure);
  text.line(vscode.l10n.t('Command'), displayCommandLine(typeof command === 'string' ? ['sh', '-c', command] : command));
  if (cwd !== undefined) text.line(vscode.l10n.t('Directory'), cwd);
  text.line(vscode.l10n.t('Found in'), `${source}:${line + 1} (${kind})`);
  return text.markdown;
}

/** What is kept of it on disk. */
function addLastRun(text: Tooltip, { run, result: { state, reason } }: RecordedRun): void {
  const result = [state, reason, timeOfRun(run), dateAndTime(run.startedAt)].filter(Boolean).join(', ');
  text.line(vscode.l10n.t('Last run'), result);
  if (run.lastLines && run.lastLines.length > 0) text.lines(vscode.l10n.t('Last output'), run.lastLines);
}

/** Health and restarts. */
function addPolicies(text: Tooltip, { health, illness, state, endedAt, restarts, nextStartAt, lastLines }: TreeSnapshot): void {
  if (illness !== undefined || (health !== 'unknown' && endedAt === undefined)) {
    const known = state === 'starting' ? vscode.l10n.t('not ready yet') : health;
    text.line(vscode.l10n.t('Health'), illness === undefined ? known : `${known}, ${illness}`);
  }
  if (restarts !== undefined)
    text.line(vscode.l10n.t('Restarted'), restarts === 1 ? vscode.l10n.t('1 time') : vscode.l10n.t('{0} times', restarts));
  if (nextStartAt !== undefined) text.line(vscode.l10n.t('Restarts at'), new Date(nextStartAt).toLocaleTimeString());
  if (lastLines && lastLines.length > 0) text.lines(vscode.l10n.t('Last output'), lastLines);
}

/** Which files are watched, whether they are, and what their last change has led to. */
function addWatch(text: Tooltip, watch: WatchStatus, patterns: readonly string[]): void {
  text.line(vscode.l10n.t('Watches'), joinedBriefly(patterns));
  const states = { off: '', watching: '', paused: vscode.l10n.t('paused'), looping: '', failed: '' };
  const problem = watch.problem === undefined ? '' : messageText({ message: watch.problem, messageData: watch.problemData });
  const state = problem || states[watch.state] || (watch.waitsFor ? gitWaitText(watch.waitsFor) : '');
  if (state !== '') text.line(vscode.l10n.t('Watching'), state);
  if (watch.last) text.line(vscode.l10n.t('Last change'), `${clockTime(watch.last.at)}, ${watchEventText(watch.last)}`);
}

/** Its pattern, its next time, and what the last one has led to. */
function addSchedule(text: Tooltip, status: ScheduleStatus, declared: Schedule | undefined): void {
  if (declared) text.line(vscode.l10n.t('Schedule'), [declared.cron, declared.timeZone].filter(Boolean).join(', '));
  if (status.nextAt !== undefined) text.line(vscode.l10n.t('Next run'), dateAndTime(status.nextAt));
  const action = scheduleActionText(status);
  if (status.last && action !== '') text.line(vscode.l10n.t('Last time'), `${dateAndTime(status.last.at)}, ${action}`);
}

/** Number of patterns that are shown. */
const shownPatterns = 5;

function joinedBriefly(patterns: readonly string[]): string {
  return [...patterns.slice(0, shownPatterns), ...(patterns.length > shownPatterns ? ['…'] : [])].join(', ');
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
