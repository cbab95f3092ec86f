/** The settings of the view. */
import * as vscode from 'vscode';
import type { SortBy } from './rows.ts';
import type { ShowFound } from './welcomeKey.ts';

export const sortSetting = 'treeWarden.sortBy';
export const showFoundSetting = 'treeWarden.showFound';

export function readShowFound(): ShowFound {
  return vscode.workspace.getConfiguration().get<ShowFound>(showFoundSetting, 'auto');
}

export function readSortBy(): SortBy {
  return vscode.workspace.getConfiguration().get<SortBy>(sortSetting, 'declared');
}
