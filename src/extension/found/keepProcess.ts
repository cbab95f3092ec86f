import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { errorText } from '../../protocol/errors.ts';
import { processesPattern } from '../workspaceSpecs.ts';
import type { FoundEntry } from './foundProcesses.ts';

/**
 * Writes it into the processes.json of its folder, which is made where there is none. What is unsaved in an editor is kept, and can be undone.
 * @throws Error with one sentence where the file cannot be edited.
 */
export async function keepProcess(entry: FoundEntry): Promise<void> {
  const { keepInFile } = await import('../../config/import/discover.ts');
  const kept = { ...entry, name: entry.ownName };
  const file = vscode.Uri.joinPath(entry.folder.uri, processesPattern);
  if (!existsSync(file.fsPath)) {
    mkdirSync(dirname(file.fsPath), { recursive: true });
    writeFileSync(file.fsPath, keepInFile('', kept), { flag: 'wx' });
    return;
  }
  const document = await vscode.workspace.openTextDocument(file);
  const edit = new vscode.WorkspaceEdit();
  const everything = new vscode.Range(0, 0, document.lineCount, 0);
  try {
    edit.replace(file, everything, keepInFile(document.getText(), kept));
  } catch (error) {
    throw new Error(vscode.l10n.t('“{0}” was not added to {1}: {2}.', entry.name, processesPattern, errorText(error)));
  }
  if (!(await vscode.workspace.applyEdit(edit)) || !(await document.save()))
    throw new Error(vscode.l10n.t('“{0}” was not added to {1}: the editor could not save the file.', entry.name, processesPattern));
}
