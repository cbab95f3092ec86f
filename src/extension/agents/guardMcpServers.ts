/** Guards the MCP servers in the files of other clients, after the change was shown and confirmed. A bundle of its own: few windows need it. */
import { type } from 'node:os';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { launcherPath } from '../../client/launcherPath.ts';
import { assertLauncherWorks, ensureLauncher, ownTarget, refreshLauncher } from '../../client/mcpLauncher.ts';
import { displayCommandLine } from '../../command/commandLine.ts';
import { clientFiles } from '../../config/mcp/clientFiles.ts';
import type { DeclaredServer } from '../../config/mcp/declaredServers.ts';
import { changedText, type Direction, type FoundFile, findClientFiles, isChangedBy } from '../../config/mcp/plannedChange.ts';
import { replaceFile } from '../../config/mcp/replaceFile.ts';
import { homeFolder } from '../../protocol/homeFolder.ts';
import { pickMany, pickOne, tellInfo, tellWarning } from '../tell.ts';

export interface GuardMcpContext {
  /** The script of the command line. */
  readonly cliScript: string;
  /** The editor's folder of user settings. */
  readonly userFolder: string;
}

/** After an update of the extension, a launcher that is in use leads to this version from now on. */
export async function updateLauncher(cliScript: string): Promise<void> {
  await refreshLauncher(ownTarget(cliScript));
}

/** The text of a file as it would be, for the editor to compare. */
const scheme = 'tree-warden-mcp';

/** Lists the servers that can be guarded, or restored; shows the change of each file, and writes it once it is confirmed. */
export async function guardMcpServers(direction: Direction, context: GuardMcpContext): Promise<void> {
  if (direction === 'guard') assertLauncherWorks();
  const { found, broken } = findFiles(context);
  for (const { problem } of broken) void tellWarning(problem);
  const items = found.flatMap((file) =>
    file.servers
      .filter((server) => isChangedBy(direction, server))
      .map((server) => ({
        label: server.name,
        description: `${file.client}: ${vscode.workspace.asRelativePath(file.path)}`,
        detail: displayCommandLine(server.argv),
        picked: true,
        file,
        server,
      })),
  );
  if (items.length === 0) {
    void tellInfo(noServers(direction, found));
    return;
  }
  const placeHolder =
    direction === 'guard' ? vscode.l10n.t('Select the MCP servers to guard') : vscode.l10n.t('Select the MCP servers to restore');
  const chosen = (await pickMany(items, { placeHolder, ignoreFocusOut: true })) ?? [];
  for (const file of new Set(chosen.map((item) => item.file))) {
    const servers = chosen.filter((item) => item.file === file).map(({ server }) => server);
    const text = changedText(direction, file, launcherPath(), among(servers));
    if (!(await isConfirmed(direction, file, text, servers))) continue;
    write(direction, file, text, context);
    void tellDone(direction, file, servers, context);
  }
}

function findFiles({ userFolder }: GuardMcpContext): ReturnType<typeof findClientFiles> {
  const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
  return findClientFiles(
    clientFiles({ home: homeFolder(), env: process.env, isMac: type() === 'Darwin', folders, editorUserFolder: userFolder }),
  );
}

function noServers(direction: Direction, found: readonly FoundFile[]): string {
  if (direction === 'undo') return vscode.l10n.t('No MCP server is guarded in the files of the known clients.');
  const guarded = found.flatMap(({ servers }) => servers.filter(({ state }) => state === 'guarded')).length;
  return guarded > 0
    ? vscode.l10n.t('All MCP servers that run as processes are guarded already.')
    : vscode.l10n.t('No file of a known MCP client declares a server that runs as a process.');
}

/** A file that is read again has servers of its own. */
function among(servers: readonly DeclaredServer[]): (server: DeclaredServer) => boolean {
  const paths = new Set(servers.map(({ path }) => JSON.stringify(path)));
  return ({ path }) => paths.has(JSON.stringify(path));
}

/** Shows the file beside what it would be, and asks below it. */
async function isConfirmed(
  direction: Direction,
  { path, scope }: FoundFile,
  text: string,
  servers: readonly DeclaredServer[],
): Promise<boolean> {
  const proposed = vscode.Uri.file(path).with({ scheme });
  const provider = vscode.workspace.registerTextDocumentContentProvider(scheme, { provideTextDocumentContent: () => text });
  try {
    const names = servers.map(({ name }) => name).join(', ');
    const shown = vscode.workspace.asRelativePath(path);
    const title = vscode.l10n.t('{0}: as it is ↔ as it would be', basename(path));
    await vscode.commands.executeCommand('vscode.diff', vscode.Uri.file(path), proposed, title);
    const shared = vscode.l10n.t('It names the launcher of this machine: on one without it, the server does not start.');
    const yes = { label: vscode.l10n.t('Write This Change'), ...(direction === 'guard' && scope === 'workspace' && { detail: shared }) };
    const no = { label: vscode.l10n.t('Leave the File as It Is') };
    const placeHolder =
      direction === 'guard' ? vscode.l10n.t('Guard {0} in {1}?', names, shown) : vscode.l10n.t('Restore {0} in {1}?', names, shown);
    return (await pickOne([yes, no], { placeHolder, ignoreFocusOut: true })) === yes;
  } finally {
    await closeTabsOf(proposed);
    provider.dispose();
  }
}

async function closeTabsOf(uri: vscode.Uri): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  await vscode.window.tabGroups.close(
    tabs.filter(({ input }) => input instanceof vscode.TabInputTextDiff && input.modified.toString() === uri.toString()),
  );
}

function write(direction: Direction, { path, file }: FoundFile, text: string, { cliScript }: GuardMcpContext): void {
  if (vscode.workspace.textDocuments.some(({ uri, isDirty }) => isDirty && uri.scheme === 'file' && uri.fsPath === path))
    throw new Error(vscode.l10n.t('{0} has changes that are not saved, so it was left as it is. Save it and try again.', path));
  if (direction === 'guard') ensureLauncher(ownTarget(cliScript));
  replaceFile(file, text);
}

async function tellDone(
  direction: Direction,
  file: FoundFile,
  servers: readonly DeclaredServer[],
  context: GuardMcpContext,
): Promise<void> {
  const names = servers.map(({ name }) => name).join(', ');
  if (direction === 'undo') {
    void tellInfo(vscode.l10n.t('Restored in {0}: {1}', file.path, names));
    return;
  }
  const undo = vscode.l10n.t('Undo');
  const answer = await tellInfo(vscode.l10n.t('Guarded from their next start on, in {0}: {1}', file.path, names), undo);
  if (answer !== undo) return;
  const { found, broken } = findClientFiles([file]);
  for (const { problem } of broken) void tellWarning(problem);
  for (const again of found) write('undo', again, changedText('undo', again, launcherPath(), among(servers)), context);
}
