import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { readTextFile } from '../config/textFile.ts';
import { errorText } from './localized.ts';
import { pickOne, tellError, tellInfo } from './tell.ts';
import { localPattern, type WorkspaceSpecs } from './workspaceSpecs.ts';

const template = `{
  // What only you change, above processes.json. Keep this file out of git.
  // A process of the same name changes that one, key by key.
  // null takes a value back, and "disabled": true turns a process off.
  "processes": {
    // "api": { "env": { "LOG": "debug" } },
    // "db": { "disabled": true },
  },
}
`;

/** Opens the person's own file of a folder, and writes it where there is none; offers to have git ignore it. */
export async function createLocalFile(specs: WorkspaceSpecs): Promise<void> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const [first, another] = folders;
  if (!first) throw new Error(vscode.l10n.t('Open a folder first. processes.json is stored in the workspace folder.'));
  const chosen = another
    ? await pickOne(
        folders.map((folder) => ({ label: specs.labelOf(folder), folder })),
        { placeHolder: vscode.l10n.t('Select a folder') },
      )
    : { folder: first };
  if (chosen === undefined) return;
  const folder = chosen.folder.uri.fsPath;
  const path = join(folder, localPattern);
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, template, { flag: 'wx' });
    await specs.reload();
  }
  await vscode.window.showTextDocument(vscode.Uri.file(path));
  if (existsSync(join(folder, '.git')) && !isIgnored(folder))
    offerToIgnore(folder).catch((error: unknown) => void tellError(vscode.l10n.t('.gitignore was not changed: {0}.', errorText(error))));
}

/** By the line that {@link offerToIgnore} adds, or one that a person would write; git alone knows all that may hide a file. */
function isIgnored(folder: string): boolean {
  const lines = textOf(join(folder, '.gitignore')).split(/\r?\n/);
  return lines.some((line) => /^\/?(?:\.vscode\/?(?:\*|\*\.local\.json|processes\.local\.json)?|\*\.local\.json)$/.test(line.trim()));
}

async function offerToIgnore(folder: string): Promise<void> {
  const add = vscode.l10n.t('Add to .gitignore');
  const answer = await tellInfo(
    vscode.l10n.t('{0} is yours alone. Have git ignore it, so that it is not committed by mistake.', localPattern),
    add,
  );
  if (answer !== add) return;
  const path = join(folder, '.gitignore');
  const before = textOf(path);
  appendFileSync(path, `${before === '' || before.endsWith('\n') ? '' : '\n'}/${localPattern}\n`);
}

/** Empty where there is no file. @throws UnreadableTextError */
function textOf(path: string): string {
  return existsSync(path) ? readTextFile(path) : '';
}
