import { join } from 'node:path';
import { stateFolder } from './stateFolder.ts';

/** Where logs go that outlive an editor's session: of the command line, and of detached trees. The extension's own are in the editor's log folder. */
export function stateLogFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(stateFolder(env), 'logs');
}
