import { findPortHolders } from '../client/wardenCommands.ts';
import { portInUse } from '../protocol/portInUse.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { visible } from '../protocol/visible.ts';
import { wardenScript } from './wardens.ts';

/** What holds the port that a failed tree could not have, and what frees it, as a sentence; undefined where it has failed for another reason. */
export async function portAdvice({ state, lastLines = [] }: TreeSnapshot): Promise<string | undefined> {
  const { port } = (state === 'failed' && portInUse(lastLines.join('\n'))) || {};
  if (port === undefined) return undefined;
  // It is advice: where the holders cannot be seen, there is none.
  const holders = await findPortHolders(wardenScript, port).catch(() => []);
  if (holders.length === 0) return undefined;
  const names = holders.map(({ name, pid }) => `${visible(name)} (pid ${pid})`).join(', ');
  return `port ${port} is held by ${names}; tree-warden kill --port ${port} frees it.`;
}
