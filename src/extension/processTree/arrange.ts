import * as vscode from 'vscode';
import { type ProcessesView, readSortBy, sortSetting } from './processesView.ts';
import type { SortBy } from './rows.ts';

/** Asks for the order of the view, and keeps it in the user's settings. */
export async function pickSortBy(): Promise<void> {
  const labels: Readonly<Record<SortBy, string>> = {
    declared: vscode.l10n.t('As processes.json has them'),
    name: vscode.l10n.t('Name'),
    cpu: vscode.l10n.t('CPU'),
    memory: vscode.l10n.t('Memory'),
  };
  const now = readSortBy();
  const items = Object.entries(labels).map(([by, label]) => ({ label, by, description: by === now ? vscode.l10n.t('now') : '' }));
  const choice = await vscode.window.showQuickPick(items, { placeHolder: vscode.l10n.t('Sort processes by') });
  if (choice) await vscode.workspace.getConfiguration().update(sortSetting, choice.by, vscode.ConfigurationTarget.Global);
}

/** Asks for words, and filters while they are typed; Escape gives back what was there before. */
export async function askFilter(view: ProcessesView): Promise<void> {
  const before = view.filter;
  const input = vscode.window.createInputBox();
  input.value = before;
  input.placeholder = vscode.l10n.t('Name, group, member, pid or port');
  const accepted = await new Promise<boolean>((resolve) => {
    input.onDidChangeValue((words) => {
      view.filter = words;
    });
    input.onDidAccept(() => resolve(true));
    input.onDidHide(() => resolve(false));
    input.show();
  });
  if (!accepted) view.filter = before;
  input.dispose();
}
