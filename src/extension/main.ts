/** Builds the parts and ties them together, nothing else. */
import type * as vscode from 'vscode';
import { App } from './app.ts';

let app: App | undefined;

export function activate(context: vscode.ExtensionContext): void {
  app = new App(context);
}

/** The editor gives this five seconds; telling the warden takes milliseconds, and the warden does the rest by itself. */
export async function deactivate(): Promise<void> {
  await app?.release();
  app = undefined;
}
