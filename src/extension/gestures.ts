/** What several commands do alike. */
import * as vscode from 'vscode';
import type { DeclaredProcess } from './workspaceSpecs.ts';

/** `what`: how that is called, where it is a secret, or too long to be shown. */
export async function copy(text: string, what = text): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Copied: {0}', what), 2000);
}

/** Shows where it is declared. */
export async function reveal({ file, line }: Pick<DeclaredProcess, 'file' | 'line'>): Promise<void> {
  const position = new vscode.Position(line, 0);
  await vscode.window.showTextDocument(file, { selection: new vscode.Range(position, position) });
}
