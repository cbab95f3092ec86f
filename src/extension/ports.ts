/** Selecting a port, and ending the process that listens on one. */
import * as vscode from 'vscode';
import { endHolder, findPortHolders } from '../client/wardenCommands.ts';
import type { PortHolder } from '../protocol/listeningPorts.ts';
import { listensOn, parsePort } from '../protocol/ports.ts';
import { localizable } from '../protocol/texts.ts';
import type { Processes } from './processes.ts';
import { ask, askText, pickOne, tellBriefly, tellInfo, withNotification } from './tell.ts';

/** The only port, or the one that the user selects; undefined when the user cancels. */
export async function pickPort(ports: readonly number[]): Promise<number | undefined> {
  if (ports.length <= 1) return ports[0];
  const items = ports.map((port) => ({ label: `:${port}`, port }));
  return (await pickOne(items, { placeHolder: vscode.l10n.t('Select a port'), ignoreFocusOut: true }))?.port;
}

interface KillPortParts {
  readonly processes: Processes;
  /** The warden's program. */
  readonly wardenScript: string;
}

/** Asks for a port and, after confirmation, ends the process that listens on it: a tree by its stop sequence, any other process gently first. */
export async function killPort({ processes, wardenScript }: KillPortParts): Promise<void> {
  const text = await askText({
    prompt: vscode.l10n.t('Port to free'),
    placeHolder: '3000',
    ignoreFocusOut: true,
    validateInput: (value) => (parsePort(value) === undefined ? vscode.l10n.t('Enter a number from 1 to 65535.') : undefined),
  });
  const port = text === undefined ? undefined : parsePort(text);
  if (port === undefined) return;
  const guarded = processes.live.filter(({ tree }) => listensOn(tree.members, port));
  for (const { name, tree } of guarded) {
    if (!(await confirm(vscode.l10n.t('Stop “{0}”? It listens on port {1}.', name, port), vscode.l10n.t('Stop')))) continue;
    const { state, reason } = await processes.stop(tree, false, localizable('stoppedByUser'));
    if (state === 'unkillable') throw new Error(vscode.l10n.t('“{0}” could not be stopped: {1}', name, reason));
  }
  if (guarded.length > 0) return;
  const holders = await findPortHolders(wardenScript, port);
  if (holders.length === 0) void tellInfo(vscode.l10n.t('No process of yours is listening on port {0}.', port));
  else await endAfterAsking(wardenScript, holders, port);
}

async function endAfterAsking(script: string, holders: readonly PortHolder[], port: number): Promise<void> {
  const names = holders.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ');
  const question = vscode.l10n.t('End {0}? It listens on port {1} and was not started by Tree Warden.', names, port);
  const commandLines = holders.map(({ commandLine }) => shorten(commandLine)).join('\n');
  if (!(await confirm(question, vscode.l10n.t('End'), commandLines))) return;
  const title = vscode.l10n.t('Ending {0}…', names);
  const ending = Promise.all(holders.map((holder) => endHolder(script, holder)));
  await withNotification(title, ending);
  tellBriefly(vscode.l10n.t('Ended: {0}', names), 3000);
}

/** A command line that fits into a question. */
function shorten(commandLine: string): string {
  const maxLength = 200;
  return commandLine.length > maxLength ? `${commandLine.slice(0, maxLength)}…` : commandLine;
}

async function confirm(question: string, yes: string, detail = ''): Promise<boolean> {
  return (await ask(question, detail, yes)) === yes;
}
