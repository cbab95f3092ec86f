import * as vscode from 'vscode';

/** The value of a setting in a workspace folder, with what is below it: workspace, user, default. */
export function settingIn({ uri }: vscode.WorkspaceFolder): (name: string) => unknown {
  return (name) => vscode.workspace.getConfiguration(undefined, uri).get<unknown>(name);
}
