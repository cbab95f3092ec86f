import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { discoverIn } from './found/discoverIn.ts';
import { pickMany } from './tell.ts';
import { processesPattern, type WorkspaceSpecs } from './workspaceSpecs.ts';

/** Writes a processes.json with the selected ones of the processes found in the workspace. An existing file is opened, never changed. */
export async function createProcessesFile(specs: WorkspaceSpecs): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!folder) throw new Error(vscode.l10n.t('Open a folder first. processes.json is stored in the workspace folder.'));
  const path = join(folder.uri.fsPath, processesPattern);
  if (!existsSync(path)) {
    const { renderProcessesFile } = await import('../config/import/discover.ts');
    const { found } = await discoverIn(folder.uri.fsPath);
    const chosen =
      found.length === 0
        ? []
        : await pickMany(
            found.map((process) => ({
              label: process.name,
              description: [process.command].flat().join(' '),
              detail: process.source,
              picked: process.likely,
              process,
            })),
            { placeHolder: vscode.l10n.t('Select the processes to import') },
          );
    if (chosen === undefined) return;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, renderProcessesFile(chosen.map((item) => ('process' in item ? item.process : item))), { flag: 'wx' });
    await specs.reload();
  }
  await vscode.window.showTextDocument(vscode.Uri.file(path));
}
