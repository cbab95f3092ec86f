/** What is shown of several outputs, or of all of one, on request: a bundle of its own. */
import * as vscode from 'vscode';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { visible } from '../../protocol/visible.ts';
import { type MergedLink, MergedOutput } from './mergedOutput.ts';

export { openLog } from './logDocument.ts';

/** By title. One that was closed stays until it is asked for again. */
const terminals = new Map<string, vscode.Terminal>();

/** Shows a terminal with the output of all trees that belong to it, the one that is open already where there is one; `title` says which those are. */
export function showMergedOutput(link: MergedLink, title: string, contains: (tree: TreeSnapshot) => boolean): void {
  const open = terminals.get(title);
  const terminal = open && vscode.window.terminals.includes(open) ? open : openTerminal(new MergedOutput(link, contains), title);
  terminals.set(title, terminal);
  terminal.show(true);
}

function openTerminal(pty: vscode.Pseudoterminal, title: string): vscode.Terminal {
  return vscode.window.createTerminal({ name: visible(title), pty, iconPath: new vscode.ThemeIcon('list-flat'), isTransient: true });
}
