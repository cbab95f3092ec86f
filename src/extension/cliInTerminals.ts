import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import * as vscode from 'vscode';
import { cliLauncher } from '../client/cliLauncher.ts';
import { ownTarget } from '../client/mcpLauncher.ts';
import { errorText } from '../protocol/errors.ts';

/**
 * Makes `tree-warden` a command of the editor's terminals, behind one that the user has installed. The folder is the same for all versions, since terminals keep their PATH over an update.
 */
export async function offerCli(context: vscode.ExtensionContext, cliScript: string, log: vscode.LogOutputChannel): Promise<void> {
  const folder = join(context.globalStorageUri.fsPath, 'bin');
  const environment = context.environmentVariableCollection;
  environment.description ??= vscode.l10n.t('The command tree-warden');
  // Before the file is there: VS Code starts the shell of an untouched terminal anew where this comes after it was opened.
  environment.append('PATH', `${delimiter}${folder}`, { applyAtProcessCreation: true, applyAtShellIntegration: true });
  const { file, text } = cliLauncher(ownTarget(cliScript), delimiter === ';');
  const path = join(folder, file);
  try {
    if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return;
    await mkdir(folder, { recursive: true });
    // In one step: another window may do the same, and a terminal may be starting it.
    const temporary = `${path}.${process.pid}`;
    await writeFile(temporary, text);
    await chmod(temporary, 0o755);
    await rename(temporary, path);
  } catch (error) {
    log.error(`The command tree-warden could not be made available in terminals: ${errorText(error)}.`);
  }
}
