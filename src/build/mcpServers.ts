/** MCP servers for tests and benches, installed from npm into a cache folder of their own, outside this project's lock file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installOnce, isInstalledIn } from './installOnce.ts';
import { npm } from './npm.ts';
import { cacheFolder } from './paths.ts';

const version = '2026.8.31';
/** It has `node_modules` in it. */
export const mcpServersFolder = join(cacheFolder, `mcp-servers-${version}-browsers`);

const packages = [
  ...['everything', 'filesystem', 'memory'].map((name) => `@modelcontextprotocol/server-${name}@${version}`),
  '@playwright/mcp@0.0.83',
  'chrome-devtools-mcp@1.11.0',
];

/** Installs the servers where they are not there yet: seconds the first time, nothing afterwards. */
export function ensureMcpServers(): void {
  if (isInstalledIn(mcpServersFolder)) return;
  console.log(`Installing MCP servers for the tests (@modelcontextprotocol/server-… ${version} and two that start a browser, once)…`);
  installOnce(mcpServersFolder, (folder) => {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    npm(folder, 'install', ...packages, '--ignore-scripts');
  });
}
