/**
 * A real inference engine for the tests of models: llama.cpp, prebuilt, as node-llama-cpp brings it along. Like the editor, it lives in a cache
 * folder of its own, outside this project's lock file; without its parts for graphics cards and other systems it has 85 MB.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installOnce, isInstalledIn } from './installOnce.ts';
import { npm } from './npm.ts';
import { cacheFolder } from './paths.ts';

const version = '3.22.1';
/** It has `node_modules` in it. */
export const engineFolder = join(cacheFolder, `engine-${version}`);

/** Where there is a prebuilt one that this machine can run. */
export const hasEngine = process.platform === 'linux' && process.arch === 'x64';

/** Installs the engine where it is not there yet: seconds the first time, nothing afterwards. */
export function ensureEngine(): void {
  if (!hasEngine || isInstalledIn(engineFolder)) return;
  console.log(`Installing an inference engine for the tests (node-llama-cpp ${version}, once)…`);
  installOnce(engineFolder, (folder) => {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    npm(folder, 'install', `node-llama-cpp@${version}`, `@node-llama-cpp/linux-x64@${version}`, '--ignore-scripts', '--omit=optional');
  });
}
