import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { tmpdir, type } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { tellInfo } from '../tell.ts';

const profileId = 'tree-warden.guardedTerminal';
/** In the environment of its terminals: the file whose appearance lets the shell begin. */
const variable = 'TREE_WARDEN_GUARDED';

/**
 * Waits for the file before it becomes the shell: by then it is guarded, and everything that the shell does happens after that. What is typed meanwhile is
 * the shell's. After about five seconds it begins in any case.
 */
const waitForGuard = `looks=0
until [ -e "$${variable}" ] || [ "$looks" -ge 250 ]; do looks=$((looks + 1)); sleep 0.02; done
rm -f "$${variable}"
unset ${variable}
exec "$@"`;

/** The terminal profile of shells that are guarded from their first instruction on. */
export function registerGuardedTerminals(): vscode.Disposable {
  return vscode.window.registerTerminalProfileProvider(profileId, {
    provideTerminalProfile: () => new vscode.TerminalProfile(optionsFor(vscode.env.shell)),
  });
}

function optionsFor(shell: string): vscode.TerminalOptions {
  const shown = {
    name: vscode.l10n.t('guarded'),
    iconPath: new vscode.ThemeIcon('shield'),
    env: { [variable]: join(tmpdir(), `tree-warden-${randomUUID()}`) },
  };
  // Windows has no such shell: there, the guard comes a moment after the first instruction.
  if (type() === 'Windows_NT') return { ...shown, shellPath: shell };
  return { ...shown, shellPath: '/bin/sh', shellArgs: ['-c', waitForGuard, 'sh', shell || '/bin/sh'] };
}

/** Whether the terminal is of that profile. */
export function isGuardedTerminal({ creationOptions }: vscode.Terminal): boolean {
  return 'env' in creationOptions && creationOptions.env?.[variable] !== undefined;
}

/** Its shell begins. */
export function letBegin({ creationOptions }: vscode.Terminal): void {
  const file = 'shellArgs' in creationOptions && creationOptions.shellArgs !== undefined ? creationOptions.env?.[variable] : undefined;
  try {
    if (file) writeFileSync(file, '', { flag: 'wx', mode: 0o600 });
  } catch {
    // It begins by itself after five seconds.
  }
}

const systems: Readonly<Record<string, string>> = { Windows_NT: 'windows', Darwin: 'osx' };

/** Of new terminals, for this user. `title`: of the profile, as the editor lists it. */
export async function makeGuardedTerminalDefault(title: string): Promise<void> {
  const profiles = vscode.workspace.getConfiguration('terminal.integrated.defaultProfile');
  await profiles.update(systems[type()] ?? 'linux', title, vscode.ConfigurationTarget.Global);
  void tellInfo(vscode.l10n.t('New terminals are guarded from now on. “Terminal: Select Default Profile” changes that.'));
}
