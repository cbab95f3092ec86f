import type { Exit } from '../../../library/api.ts';
import type { TreeSnapshot } from '../../../protocol/snapshot.ts';

/**
 * Whether a server has ended by itself, and was not stopped by a user: in the view, by the command line, with all processes of the window.
 * @param snapshot The last of its tree; undefined where its warden was lost, and all trees with it.
 */
export function endedByItself({ state, code, reason }: Exit, snapshot: Pick<TreeSnapshot, 'limit'> | undefined): boolean {
  if (snapshot === undefined || snapshot.limit !== undefined || state === 'failed') return true;
  // A stop has the reason that was given with it.
  return code !== null && reason.startsWith(`exited with code ${code}`);
}
