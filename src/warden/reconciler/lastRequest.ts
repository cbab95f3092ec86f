import type { StartRequest } from '../../protocol/startRequest.ts';
import { localizable } from '../../protocol/texts.ts';
import { RequestError } from '../requestError.ts';
import type { Tree } from '../trees/tree.ts';

/**
 * The request that the tree was started with.
 * @throws RequestError where it is not on record, because the tree was recovered after the death of its warden.
 */
export function lastRequestOf({ request, canRestart }: Tree): StartRequest {
  if (canRestart) return { ...request, awaitReader: false };
  throw new RequestError('notPossible', localizable('unknownPast', request.name));
}
