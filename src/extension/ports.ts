/** Ports: which of them is meant, and ending whoever listens on one. */
import * as vscode from 'vscode';
import { endHolder, findPortHolders } from '../client/wardenProcess.ts';
import type { PortHolder } from '../protocol/messages.ts';
import { listensOn, parsePort } from '../protocol/ports.ts';
import type { Processes } from './processes.ts';

/** The only one there is, or the user's choice; undefined where none was made. */
export async function pickPort(ports: readonly number[]): Promise<number | undefined> {
  if (ports.length <= 1) return ports[0];
  const items = ports.map((port) => ({ label: `:${port}`, port }));
  return (await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Which port?'), ignoreFocusOut: true }))?.port;
}

interface KillPortParts {
  readonly processes: Processes;
  /** The warden's program. */
  readonly wardenScript: string;
}

/** Asks for a port, says who listens there, and ends it where the user says so: a tree by its own escalation, anybody else gently first. */
export async function killPort({ processes, wardenScript }: KillPortParts): Promise<void> {
  const text = await vscode.window.showInputBox({
    prompt: vscode.l10n.t('End what listens on which port?'),
    placeHolder: '3000',
    ignoreFocusOut: true,
    validateInput: (value) => (parsePort(value) === undefined ? vscode.l10n.t('A number from 1 to 65535.') : undefined),
  });
  const port = text === undefined ? undefined : parsePort(text);
  if (port === undefined) return;
  const guarded = processes.live.filter(({ tree }) => listensOn(tree.members, port));
  for (const { name, tree } of guarded) {
    if (!(await confirm(vscode.l10n.t('Stop “{0}”, which listens on port {1}?', name, port), vscode.l10n.t('Stop')))) continue;
    const { state, reason } = await processes.stop(tree, false, vscode.l10n.t('stopped by the user'));
    if (state === 'unkillable') throw new Error(`${name}: ${reason}`);
  }
  if (guarded.length > 0) return;
  const holders = await findPortHolders(wardenScript, port);
  if (holders.length === 0) void vscode.window.showInformationMessage(vscode.l10n.t('Nothing of this user listens on port {0}.', port));
  else await endAfterAsking(wardenScript, holders, port);
}

async function endAfterAsking(script: string, holders: readonly PortHolder[], port: number): Promise<void> {
  const names = holders.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ');
  const question = vscode.l10n.t('End {0}, which is not guarded and listens on port {1}?', names, port);
  const commandLines = holders.map(({ commandLine }) => shorten(commandLine)).join('\n');
  if (!(await confirm(question, vscode.l10n.t('End'), commandLines))) return;
  const title = vscode.l10n.t('Ending {0}…', names);
  const ending = Promise.all(holders.map((holder) => endHolder(script, holder)));
  await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () => ending);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Ended: {0}', names), 3000);
}

/** A question is to be read at a glance. */
function shorten(commandLine: string): string {
  const most = 200;
  return commandLine.length > most ? `${commandLine.slice(0, most)}…` : commandLine;
}

async function confirm(question: string, yes: string, detail = ''): Promise<boolean> {
  return (await vscode.window.showWarningMessage(question, { modal: true, ...(detail && { detail }) }, yes)) === yes;
}
