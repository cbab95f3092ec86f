import * as vscode from 'vscode';
import { pickOne } from '../tell.ts';
import type { ProcessesView } from './processesView.ts';
import type { SortBy } from './rows.ts';
import { readSortBy, sortSetting } from './viewSettings.ts';

/** Asks for the order of the view, and stores it in the user settings. */
export async function pickSortBy(): Promise<void> {
  const labels: Readonly<Record<SortBy, string>> = {
    declared: vscode.l10n.t('Order of processes.json'),
    name: vscode.l10n.t('Name'),
    cpu: vscode.l10n.t('CPU'),
    memory: vscode.l10n.t('Memory'),
  };
  const now = readSortBy();
  const items = Object.entries(labels).map(([by, label]) => ({ label, by, description: by === now ? vscode.l10n.t('current') : '' }));
  const choice = await pickOne(items, { placeHolder: vscode.l10n.t('Select the order of the processes') });
  if (choice) await vscode.workspace.getConfiguration().update(sortSetting, choice.by, vscode.ConfigurationTarget.Global);
}

/** Filters the view while the user types; Escape restores the previous filter. */
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
