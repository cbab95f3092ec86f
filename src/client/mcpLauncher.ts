/**
 * The launcher that stands in front of the MCP servers in other clients' files: a shell script in the folder of Tree Warden's state.
 *
 * What a client's file names must be there for years. The extension's folder has its version in its path and goes with an update, the editor's Node goes with an update of the
 * editor's server, and a client that was started from a menu does not have the terminal's PATH. The launcher's path never changes; it knows where the newest Tree Warden is,
 * and starts the command by itself where there is none any more.
 */
import { chmodSync, existsSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { quoteForShell } from '../command/shellQuoting.ts';
import { errorText } from '../protocol/errors.ts';
import { makeFolder } from '../records/makeFolder.ts';
import { runtimeFolderPath } from '../records/runtimeFolder.ts';
import { launcherPath } from './launcherPath.ts';

/** What the launcher runs. */
export interface LauncherTarget {
  /** A Node, or an Electron that behaves as one. */
  readonly node: string;
  readonly isElectron: boolean;
  /** The script of the command line. */
  readonly cli: string;
}

/** The command line that belongs to this program. */
export function ownTarget(cli: string): LauncherTarget {
  return { node: process.execPath, isElectron: process.versions['electron'] !== undefined, cli };
}

/**
 * Windows does not say whether a parent has ended, so that a client that is killed would not be noticed there.
 * @throws Error with a sentence where no server can be guarded by a launcher.
 */
export function assertLauncherWorks(): void {
  if (type() === 'Windows_NT')
    throw new Error(
      'MCP servers in the files of other clients can be guarded on Linux and macOS only. Declare them as "mcpServers" in .vscode/processes.json.',
    );
}

/**
 * Writes the launcher where there is none, or where it leads to an older version, or nowhere.
 * @throws Error with a sentence.
 */
export function ensureLauncher(target: LauncherTarget): void {
  const path = launcherPath();
  try {
    if (shouldWrite(textOf(path), target)) write(path, launcherScript(target));
  } catch (error) {
    throw new Error(`The launcher for MCP servers cannot be written to ${path}: ${errorText(error)}.`, { cause: error });
  }
}

/** For a program that has just been updated: a launcher that is in use leads to it from now on. One that is not there is not made. */
export async function refreshLauncher(target: LauncherTarget): Promise<void> {
  const path = launcherPath();
  const found = await readFile(path, 'utf8').catch(() => undefined);
  if (found !== undefined && shouldWrite(found, target)) write(path, launcherScript(target));
}

/** Whether a launcher, if there is one, is to lead to this target. One that leads to another installation is left alone: several editors can have one each. */
export function shouldWrite(found: string | undefined, target: LauncherTarget): boolean {
  if (found === launcherScript(target)) return false;
  const cli = found === undefined ? undefined : targetOf(found);
  return cli === undefined || !existsSync(cli) || siblingsOf(cli) === siblingsOf(target.cli);
}

/** The script that a launcher leads to. */
function targetOf(launcher: string): string | undefined {
  try {
    const cli: unknown = JSON.parse(launcher.match(/^# cli: (.+)$/m)?.[1] ?? '');
    return typeof cli === 'string' ? cli : undefined;
  } catch {
    return undefined;
  }
}

/** The folder that all versions of one installation are in. */
function siblingsOf(cli: string): string {
  return dirname(dirname(dirname(cli)));
}

/** In one step: a client may be starting a server by it. */
function write(path: string, text: string): void {
  makeFolder(dirname(path));
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, text, { mode: 0o700 });
    chmodSync(temporary, 0o700);
    renameSync(temporary, path);
  } catch (error) {
    if (existsSync(temporary)) unlinkSync(temporary);
    throw error;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * The script: `guard-mcp NAME (--|--alone) COMMAND [ARG…]`. It replaces itself by what it starts, so that the client's child is Tree Warden.
 *
 * Clients start servers with few of their variables; without XDG_RUNTIME_DIR, `tree-warden ps` of a terminal would not find them.
 */
export function launcherScript({ node, isElectron, cli }: LauncherTarget, env: NodeJS.ProcessEnv = process.env): string {
  const runtime = runtimeFolderPath(env);
  const name = basename(dirname(dirname(cli))).match(/^(.+?)-\d/)?.[1];
  // Another version of the extension lies beside the one that wrote this.
  const others =
    name === undefined
      ? []
      : [`  for other in ${quoted(join(siblingsOf(cli), name))}-*/dist/cli.js; do [ -r "$other" ] && cli=$other; done`];
  // The server is not to behave as Node where it is an Electron itself.
  const electron = isElectron
    ? ['  [ -n "$ELECTRON_RUN_AS_NODE" ] || set -- env -u ELECTRON_RUN_AS_NODE "$@"', '  export ELECTRON_RUN_AS_NODE=1']
    : [];
  return `${[
    '#!/bin/sh',
    '# Tree Warden writes this file. MCP clients start their servers by it, so that nothing of a server outlives its client:',
    '#   guard-mcp NAME (--|--alone) COMMAND [ARG...]',
    '# tree-warden guard-mcp --undo takes it out of their files again.',
    // In one line, whatever is in it.
    `# cli: ${JSON.stringify(cli)}`,
    `cli=${quoted(cli)}`,
    `node=${quoted(node)}`,
    `runtime=${quoted(runtime)}`,
    'name=$1',
    'shift 2',
    'if [ ! -r "$cli" ]; then',
    '  :',
    ...others,
    'fi',
    '[ -x "$node" ] || node=$(command -v node)',
    'if [ -r "$cli" ] && [ -x "$node" ]; then',
    ...electron,
    '  if [ -z "$TREE_WARDEN_RUNTIME_DIR$XDG_RUNTIME_DIR" ] && [ -w "${runtime%/*}" ]; then export TREE_WARDEN_RUNTIME_DIR="$runtime"; fi',
    '  exec "$node" "$cli" run --name "$name" --or-similar --end-with-parent --grace 2s -- "$@"',
    'fi',
    'echo "tree-warden: Tree Warden is not installed any more, so the MCP server $name runs without a guard." >&2',
    'exec "$@"',
  ].join('\n')}\n`;
}

function quoted(value: string): string {
  return quoteForShell({ value, quoting: 'strong' }, false);
}
