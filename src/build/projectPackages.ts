/** What the project of the tests (a database, a cache, an API, a dev server) needs from npm, in a cache folder of its own, outside this project's lock file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installOnce, isInstalledIn } from './installOnce.ts';
import { npm } from './npm.ts';
import { cacheFolder } from './paths.ts';

const packages = ['vite@8.4.0', 'pg@8.23.1', 'redis@6.3.1'];
/** It has `node_modules` in it. */
export const projectPackagesFolder = join(cacheFolder, 'project-packages-1');

/** Installs them where they are not there yet: seconds the first time, nothing afterwards. */
export function ensureProjectPackages(): void {
  if (isInstalledIn(projectPackagesFolder)) return;
  console.log(`Installing what the project of the tests needs (${packages.join(', ')}, once)…`);
  installOnce(projectPackagesFolder, (folder) => {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    npm(folder, 'install', ...packages, '--ignore-scripts');
  });
}
