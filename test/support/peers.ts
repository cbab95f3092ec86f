/** The peers that the benches compare with, installed in the cache folder: none of them is part of this project. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { installOnce, isInstalledIn } from '../../src/build/installOnce.ts';
import { npm } from '../../src/build/npm.ts';
import { cacheFolder } from '../../src/build/paths.ts';

const versions = {
  execa: '10.2.1',
  'tree-kill': '1.2.2',
  concurrently: '10.0.7',
  pm2: '7.0.4',
  mprocs: '0.9.6',
  pidtree: '1.0.0',
  pidusage: '4.1.0',
  systeminformation: '5.33.23',
};

const names = Object.entries(versions).map(([name, version]) => `${name}@${version}`);

/** Of these versions: those of another commit, which may be in use, have a folder of their own. */
export const peersFolder = join(cacheFolder, `peers-${createHash('sha256').update(names.join()).digest('hex').slice(0, 12)}`);

export function ensurePeers(): void {
  if (isInstalledIn(peersFolder)) return;
  console.log('Installing the peers to compare with…');
  installOnce(peersFolder, (folder) => {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    npm(folder, 'install', ...names);
  });
}

/** Loads a peer, CommonJS or not. */
export async function loadPeer<T>(name: keyof typeof versions): Promise<T> {
  return (await import(createRequire(join(peersFolder, 'x.js')).resolve(name))) as T;
}
