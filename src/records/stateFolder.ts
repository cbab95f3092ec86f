import { join } from 'node:path';
import { homeFolder } from '../protocol/homeFolder.ts';

/** What outlives an editor's session and a restart of the machine. */
export function stateFolder(env: NodeJS.ProcessEnv = process.env): string {
  const stateHome = env['XDG_STATE_HOME'] || env['LOCALAPPDATA'] || join(homeFolder(), '.local', 'state');
  return join(stateHome, 'tree-warden');
}
