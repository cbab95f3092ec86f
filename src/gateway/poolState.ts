import type { ModelState } from '../protocol/models.ts';
import type { Servers } from './servers.ts';

/** The state of a model that clients see. `failure`: why it could not be loaded, or unloaded, the last time. */
export function poolState(
  { isUnloading, areEnding, areAlive, ready }: Pick<Servers, 'isUnloading' | 'areEnding' | 'areAlive' | 'ready'>,
  isWanted: boolean,
  failure: string | undefined,
): ModelState {
  if (isUnloading) return 'draining';
  if (ready.length > 0) return 'ready';
  if (areAlive) return 'loading';
  if (areEnding) return 'draining';
  if (isWanted) return 'waiting';
  return failure === undefined ? 'cold' : 'failed';
}
