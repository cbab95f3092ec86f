/** Utilities that several commands share. */
import * as vscode from 'vscode';
import { tellBriefly } from './tell.ts';
import type { DeclaredProcess } from './workspaceSpecs.ts';

/** Copies a text to the clipboard. `what` is shown instead of a text that is secret or long. */
export async function copy(text: string, what = text): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  tellBriefly(vscode.l10n.t('Copied: {0}', what), 2000);
}

/** Opens the file at the declaration. */
export async function reveal({ file, line }: Pick<DeclaredProcess, 'file' | 'line'>): Promise<void> {
  const position = new vscode.Position(line, 0);
  await vscode.window.showTextDocument(file, { selection: new vscode.Range(position, position) });
}
