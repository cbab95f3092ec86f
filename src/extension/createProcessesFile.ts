import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { discoverProcesses, renderProcessesFile } from '../spec/discover.ts';
import { processesPattern, type WorkspaceSpecs } from './workspaceSpecs.ts';

/** Offers what is found in the workspace, and writes a processes.json with what is chosen. An existing file is opened, never touched. */
export async function createProcessesFile(specs: WorkspaceSpecs): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!folder) throw new Error(vscode.l10n.t('Open a folder first: processes.json belongs to one.'));
  const path = join(folder.uri.fsPath, processesPattern);
  if (!existsSync(path)) {
    const found = discoverProcesses((name) => readIfThere(join(folder.uri.fsPath, name)));
    const chosen =
      found.length === 0
        ? []
        : await vscode.window.showQuickPick(
            found.map((process) => ({
              label: process.name,
              description: process.command,
              detail: process.source,
              picked: process.likely,
              process,
            })),
            { canPickMany: true, placeHolder: vscode.l10n.t('Which of these should Tree Warden run?') },
          );
    if (chosen === undefined) return;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, renderProcessesFile(chosen.map((item) => ('process' in item ? item.process : item))), { flag: 'wx' });
    await specs.reload();
  }
  await vscode.window.showTextDocument(vscode.Uri.file(path));
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
