import { join } from 'node:path';
import { homeFolder } from '../protocol/homeFolder.ts';

/** Where logs go that outlive an editor's session: of the command line, and of detached trees. The extension's own are in the editor's log folder. */
export function stateLogFolder(env: NodeJS.ProcessEnv = process.env): string {
  const stateHome = env['XDG_STATE_HOME'] || env['LOCALAPPDATA'] || join(homeFolder(), '.local', 'state');
  return join(stateHome, 'tree-warden', 'logs');
}
