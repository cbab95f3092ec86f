/** Builds the parts and ties them together, nothing else. */
import type * as vscode from 'vscode';
import type { ExtensionApi } from '../library/api.ts';
import { App } from './app.ts';

let app: App | undefined;

export function activate(context: vscode.ExtensionContext): ExtensionApi {
  app = new App(context);
  return app.api;
}

/** The editor gives this five seconds; telling the warden takes milliseconds, and the warden does the rest by itself. */
export async function deactivate(): Promise<void> {
  await app?.release();
  app = undefined;
}
