import { quoteForShell, quoteForWindows } from '../command/shellQuoting.ts';
import type { LauncherTarget } from './mcpLauncher.ts';

/** What starts the command line by its name in a terminal: the file, and what is in it. Where Node is an Electron, it behaves as Node, and what the command starts does not. */
export function cliLauncher(
  { node, isElectron, cli }: LauncherTarget,
  isWindows: boolean,
): { readonly file: string; readonly text: string } {
  if (isWindows) {
    const electron = isElectron ? ['@set ELECTRON_RUN_AS_NODE=1'] : [];
    // A percent sign begins a variable in a batch file.
    const [program, script] = [node, cli].map((path) => quoteForWindows(path).replaceAll('%', '%%'));
    return { file: 'tree-warden.cmd', text: `${['@setlocal', ...electron, `@${program} ${script} %*`].join('\r\n')}\r\n` };
  }
  const quoted = (value: string): string => quoteForShell({ value, quoting: 'strong' }, false);
  const electron = isElectron ? ['export ELECTRON_RUN_AS_NODE=1'] : [];
  return { file: 'tree-warden', text: `${['#!/bin/sh', ...electron, `exec ${quoted(node)} ${quoted(cli)} "$@"`].join('\n')}\n` };
}
