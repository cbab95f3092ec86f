/**
 * Real language servers for the tests and the bench. Like the editor, they live in a cache folder of their own, outside this project's lock file.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installOnce, isInstalledIn } from './installOnce.ts';
import { npm } from './npm.ts';
import { cacheFolder } from './paths.ts';

/** With typescript 5: later ones have no tsserver. */
const tested = ['typescript-language-server@6.0.2', 'typescript@5.9.3', 'bash-language-server@5.8.1'];
const benched = [...tested, 'yaml-language-server@2.0.0', 'vscode-langservers-extracted@4.10.0', 'pyright@1.1.414'];

/** A folder with `node_modules` in it. */
export const languageServersFolder = join(cacheFolder, 'language-servers-1');
/** The same with all servers of the bench. */
export const manyLanguageServersFolder = join(cacheFolder, 'language-servers-many-1');

/** Installs the servers of the tests where they are not there yet: seconds the first time, nothing afterwards. */
export function ensureLanguageServers(): void {
  install(languageServersFolder, tested);
}

/** The same of the bench. */
export function ensureManyLanguageServers(): void {
  install(manyLanguageServersFolder, benched);
}

function install(home: string, packages: readonly string[]): void {
  if (isInstalledIn(home)) return;
  console.log(`Installing language servers (${packages.join(', ')}, once)…`);
  installOnce(home, (folder) => {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    npm(folder, 'install', ...packages, '--ignore-scripts');
  });
}
