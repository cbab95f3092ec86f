/** The peers that the benches compare with, installed in the cache folder: none of them is part of this project. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from '../../src/build/paths.ts';

const versions = {
  execa: '10.2.1',
  'tree-kill': '1.2.2',
  concurrently: '10.0.7',
  pm2: '7.0.4',
  pidtree: '1.0.0',
  pidusage: '4.1.0',
  systeminformation: '5.33.23',
};

export const peersFolder = join(cacheFolder, 'peers');

export function ensurePeers(): void {
  const mark = join(peersFolder, `installed ${Object.entries(versions).flat().join(' ')}`);
  if (existsSync(mark)) return;
  console.log('Installing the peers to compare with…');
  rmSync(peersFolder, { recursive: true, force: true });
  mkdirSync(peersFolder, { recursive: true });
  writeFileSync(join(peersFolder, 'package.json'), '{ "private": true }\n');
  const names = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
  execFileSync('npm', ['install', ...names, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: peersFolder, stdio: 'inherit' });
  writeFileSync(mark, '');
}

/** Loads a peer, CommonJS or not. */
export async function loadPeer<T>(name: keyof typeof versions): Promise<T> {
  return (await import(createRequire(join(peersFolder, 'x.js')).resolve(name))) as T;
}
