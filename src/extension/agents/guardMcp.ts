import { access } from 'node:fs/promises';
import type * as vscode from 'vscode';
import { launcherPath } from '../../client/launcherPath.ts';
import { errorText } from '../../protocol/errors.ts';

/** The commands for the MCP servers of other clients: a bundle of its own, which is loaded when it is needed. */
export async function loadGuardMcp(): Promise<typeof import('./guardMcpServers.ts')> {
  return await import('./guardMcpServers.ts');
}

/** Has the launcher, where one is in use, lead to this version of the extension. Reports a failure to the log. */
export async function updateMcpLauncher(cliScript: string, log: vscode.LogOutputChannel): Promise<void> {
  const isInUse = await access(launcherPath()).then(
    () => true,
    () => false,
  );
  if (!isInUse) return;
  try {
    const { updateLauncher } = await loadGuardMcp();
    await updateLauncher(cliScript);
  } catch (error) {
    log.error(`The launcher of MCP servers could not be updated: ${errorText(error)}.`);
  }
}
