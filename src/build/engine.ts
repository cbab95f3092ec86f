/**
 * A real inference engine for the tests of models: llama.cpp, prebuilt, as node-llama-cpp brings it along. Like the editor, it lives in a cache
 * folder of its own, outside this project's lock file; without its parts for graphics cards and other systems it has 85 MB.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './npm.ts';
import { cacheFolder } from './paths.ts';

const version = '3.22.1';
/** It has `node_modules` in it. */
export const engineFolder = join(cacheFolder, `engine-${version}`);
const doneMark = join(engineFolder, 'installed');

/** Where there is a prebuilt one that this machine can run. */
export const hasEngine = process.platform === 'linux' && process.arch === 'x64';

/** Installs the engine where it is not there yet: seconds the first time, nothing afterwards. */
export function ensureEngine(): void {
  if (!hasEngine || existsSync(doneMark)) return;
  console.log(`Installing an inference engine for the tests (node-llama-cpp ${version}, once)…`);
  rmSync(engineFolder, { recursive: true, force: true });
  mkdirSync(engineFolder, { recursive: true });
  writeFileSync(join(engineFolder, 'package.json'), '{ "private": true }\n');
  npm(engineFolder, 'install', `node-llama-cpp@${version}`, `@node-llama-cpp/linux-x64@${version}`, '--ignore-scripts', '--omit=optional');
  writeFileSync(doneMark, `${new Date().toISOString()}\n`);
}
