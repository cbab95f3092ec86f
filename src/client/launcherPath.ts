import { dirname, join } from 'node:path';
import { launcherSegments } from '../protocol/mcpLauncher.ts';
import { stateFolder } from '../records/stateFolder.ts';

/** Where the launcher of MCP servers is, or would be. */
export function launcherPath(env: NodeJS.ProcessEnv = process.env): string {
  return join(dirname(stateFolder(env)), ...launcherSegments);
}
