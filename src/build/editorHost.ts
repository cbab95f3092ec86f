/**
 * A real VS Code for `npm start` and the host tests: code-server carries the whole workbench and a real extension host.
 * It lives in a cache folder of its own, outside this project's lock file, because it is 400 MB that no user of the
 * extension needs.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { npm } from './npm.ts';
import { cacheFolder, root } from './paths.ts';

const version = '4.139.1';
const home = join(cacheFolder, `code-server-${version}`);
const packageFolder = join(home, 'node_modules', 'code-server');
const doneMark = join(home, 'installed');

/** The script that starts the server; run it with Node 24. */
export const editorEntry = join(packageFolder, 'out', 'node', 'entry.js');

/** Installs the editor where it is not there yet. About a minute the first time, nothing afterwards. */
export function ensureEditorHost(): void {
  if (existsSync(doneMark)) return;
  console.log(`Installing a VS Code to run the extension in (code-server ${version}, once, about a minute)…`);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), '{ "private": true }\n');
  npm(home, 'install', `code-server@${version}`, '--ignore-scripts');
  const workbench = join(packageFolder, 'lib', 'vscode');
  npm(workbench, 'install', '--omit=dev', '--ignore-scripts');
  // The package's own postinstall also builds kerberos, which wants headers that nothing here needs.
  npm(workbench, 'rebuild', 'node-pty', '@vscode/spdlog', '@vscode/native-watchdog', '@parcel/watcher');
  npm(join(workbench, 'extensions'), 'install', '--omit=dev', '--ignore-scripts');
  writeFileSync(doneMark, `${new Date().toISOString()}\n`);
}

export interface EditorOptions {
  /** Everything the editor writes: user data, extensions, logs. */
  readonly dataFolder: string;
  readonly workspace: string;
  /** 0: one that the kernel chooses; see {@link editorPort}. */
  readonly port: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** How long the extension host of a vanished browser is kept, in seconds. */
  readonly reconnectionGrace?: number;
  readonly trusted?: boolean;
  /** Folders of further extensions. */
  readonly extensions?: readonly string[];
  /** Extensions of the editor's own that are not to be there. */
  readonly without?: readonly string[];
  /** The package that is installed, as a user does it; this project's folder where absent. */
  readonly vsix?: string;
  /** This project's extension is not installed. */
  readonly isBare?: boolean;
}

const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'git.enabled': false,
  'terminal.integrated.gpuAcceleration': 'off',
  // VS Code gives an untouched terminal a new shell when an extension (its own Git does) sets a variable for terminals, and what is being typed just then is lost.
  'terminal.integrated.environmentChangesRelaunch': false,
  'security.workspace.trust.untrustedFiles': 'open',
};

/** Starts the editor with this project's folder, or a package of it, as an installed extension; without it where `isBare`. */
export function startEditor({
  dataFolder,
  workspace,
  port,
  env = {},
  settings = {},
  reconnectionGrace,
  trusted = true,
  extensions: others = [],
  without = [],
  vsix,
  isBare = false,
}: EditorOptions): ChildProcess {
  const extensions = join(dataFolder, 'ext');
  mkdirSync(extensions, { recursive: true });
  mkdirSync(join(dataFolder, 'User'), { recursive: true });
  const places = ['--user-data-dir', dataFolder, '--extensions-dir', extensions];
  if (vsix === undefined && !isBare) linkExtension(extensions);
  if (vsix !== undefined)
    execFileSync(process.execPath, [editorEntry, ...places, '--install-extension', vsix], {
      env: { ...process.env, ...env },
      stdio: 'pipe',
    });
  for (const folder of others) {
    const other = join(extensions, basename(folder));
    if (!existsSync(other)) symlinkSync(folder, other);
  }
  writeFileSync(join(dataFolder, 'User', 'settings.json'), JSON.stringify({ ...quietSettings, ...settings }, null, 2));
  const args = ['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`, ...places];
  const quiet = ['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override', '--disable-file-downloads'];
  const grace = reconnectionGrace === undefined ? [] : ['--reconnection-grace-time', String(reconnectionGrace)];
  const trust = trusted ? ['--disable-workspace-trust'] : [];
  const builtIn = without.length > 0 ? ['--builtin-extensions-dir', builtInWithout(without, join(dataFolder, 'built-in'))] : [];
  return spawn(process.execPath, [editorEntry, ...args, ...quiet, ...grace, ...trust, ...builtIn, workspace], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function linkExtension(extensions: string): void {
  const { name, publisher, version: extensionVersion } = manifest;
  const link = join(extensions, `${publisher}.${name}-${extensionVersion}`);
  if (!existsSync(link)) symlinkSync(root, link);
}

/** A folder of links to all extensions of the editor's own but these. */
function builtInWithout(names: readonly string[], folder: string): string {
  const all = join(packageFolder, 'lib', 'vscode', 'extensions');
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(all)) if (!names.includes(name)) symlinkSync(join(all, name), join(folder, name));
  return folder;
}

/**
 * The port on which the server listens, from what it prints; for one whose stdout nothing else reads.
 * @throws Error where it ends first.
 */
export async function editorPort({ stdout }: ChildProcess): Promise<number> {
  return await new Promise((resolve, reject) => {
    let printed = '';
    stdout?.on('data', (chunk: Buffer) => {
      printed += chunk;
      const [, port] = printed.match(/listening on http:\/\/127\.0\.0\.1:(\d+)\//) ?? [];
      if (port === undefined) return;
      // What it prints from here on is left aside.
      stdout.removeAllListeners('data').resume();
      resolve(Number(port));
    });
    stdout?.once('close', () => reject(new Error(`the editor has ended: ${printed}`)));
  });
}

/** Resolves when it answers. */
export async function editorAnswers(port: number, editor: ChildProcess): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    if (editor.exitCode !== null) throw new Error(`the editor ended with code ${editor.exitCode}`);
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    if (answer?.ok) return;
    if (attempt > 600) throw new Error('the editor does not answer');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
