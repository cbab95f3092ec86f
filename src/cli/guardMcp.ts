import { type } from 'node:os';
import { join, resolve } from 'node:path';
import { launcherPath } from '../client/launcherPath.ts';
import { assertLauncherWorks, ensureLauncher, ownTarget } from '../client/mcpLauncher.ts';
import { displayCommandLine } from '../command/commandLine.ts';
import { type ClientFile, clientFiles } from '../config/mcp/clientFiles.ts';
import type { DeclaredServer } from '../config/mcp/declaredServers.ts';
import { changedText, type Direction, type FoundFile, findClientFiles, isChangedBy } from '../config/mcp/plannedChange.ts';
import { replaceFile } from '../config/mcp/replaceFile.ts';
import { errorText } from '../protocol/errors.ts';
import { homeFolder } from '../protocol/homeFolder.ts';
import { changedLines } from './changedLines.ts';
import { confirm } from './confirm.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { complain, say, sayAll } from './say.ts';

export interface GuardMcpOptions {
  readonly undo?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** A file and the text that it is to have. */
interface Change {
  readonly found: FoundFile;
  readonly text: string;
}

/** Puts the launcher in front of the servers of other MCP clients, or takes it away, after the change was shown and confirmed. */
export async function guardMcp(paths: readonly string[], { undo = false, dryRun = false, yes = false }: GuardMcpOptions): Promise<number> {
  const direction: Direction = undo ? 'undo' : 'guard';
  if (!undo) assertLauncherWorks();
  const { found, broken } = findClientFiles(candidatesOf(paths));
  for (const { problem } of broken) complain(problem);
  const missing = paths.map((path) => resolve(path)).filter((path) => ![...found, ...broken].some((file) => file.path === path));
  for (const path of missing) complain(`There is no file ${path}.`);
  const changes = found.flatMap((one) => changeOf(direction, one));
  for (const { servers, path } of found) sayAll(leftAsTheyAre(direction, path, servers));
  const status = broken.length + missing.length > 0 ? exitCodes.failed : exitCodes.ok;
  if (changes.length === 0) {
    const where = paths.length > 0 ? 'in these files' : 'in the files of the known clients';
    say(undo ? `No MCP server is guarded ${where}.` : `There is no MCP server to guard ${where}.`);
    return status;
  }
  for (const change of changes) sayAll(changedLines(direction, change.found, change.text));
  if (dryRun) return status;
  if (!yes && !(await confirmed(direction, changes))) return exitCodes.failed;
  if (!undo) ensureLauncher(ownTarget(join(__dirname, 'cli.js')));
  return write(direction, changes) ? status : exitCodes.failed;
}

function candidatesOf(paths: readonly string[]): ClientFile[] {
  if (paths.length > 0) return paths.map((path) => ({ path: resolve(path), client: '', scope: 'user' }));
  return clientFiles({ home: homeFolder(), env: process.env, isMac: type() === 'Darwin', folders: [process.cwd()] });
}

function changeOf(direction: Direction, found: FoundFile): Change[] {
  if (!found.servers.some((server) => isChangedBy(direction, server))) return [];
  try {
    return [{ found, text: changedText(direction, found, launcherPath()) }];
  } catch (error) {
    throw new CliError(`${found.path} was left as it is: ${errorText(error)}. Change it by hand.`);
  }
}

function leftAsTheyAre(direction: Direction, path: string, servers: readonly DeclaredServer[]): string[] {
  if (direction === 'undo') return [];
  return servers.flatMap(({ name, state, why, argv }) => {
    if (state === 'guarded') return [`${path}: ${name} is guarded already: ${displayCommandLine(argv)}`];
    return state === 'other' ? [`${path}: ${name} is left as it is: ${why}.`] : [];
  });
}

async function confirmed(direction: Direction, changes: readonly Change[]): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new CliError('No terminal can ask for a confirmation; use --yes to write the change, or --dry-run to see it.', exitCodes.usage);
  if (direction === 'guard' && changes.some(({ found }) => found.scope === 'workspace'))
    complain('Files of the workspace name the launcher of this machine. Do not commit them where others have no Tree Warden.');
  return await confirm(changes.length === 1 ? 'Write this change?' : `Write these changes to ${changes.length} files?`);
}

/** Whether all were written; each that was not is named. */
function write(direction: Direction, changes: readonly Change[]): boolean {
  let complete = true;
  for (const { found, text } of changes) {
    const count = found.servers.filter((server) => isChangedBy(direction, server)).length;
    const servers = count === 1 ? '1 server' : `${count} servers`;
    try {
      replaceFile(found.file, text);
      say(`${found.path}: ${servers} ${direction === 'guard' ? 'guarded from the next start on' : 'restored'}.`);
    } catch (error) {
      complain(errorText(error));
      complete = false;
    }
  }
  return complete;
}
