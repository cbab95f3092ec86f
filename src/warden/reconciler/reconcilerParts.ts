import type { StartRequest } from '../../protocol/startRequest.ts';
import type { StopRequest } from '../../protocol/treeRequests.ts';
import type { Journal } from '../journal.ts';
import type { Tree } from '../trees/tree.ts';

/** What the reconciler needs of the rest of the warden. */
export interface ReconcilerParts {
  readonly journal: Journal;
  /**
   * Makes a tree that is still to be started.
   * @throws RequestError where the limit on trees is reached, or the request does not fit this warden.
   */
  create(request: StartRequest): Tree;
  /** The spawn of this tree has failed: it is not listed. */
  discard(tree: Tree): void;
  /** Something that clients see of a tree has changed. */
  onChange(): void;
  /** Shows a message to the user. */
  alert(message: string): void;
}

/** How a tree is to be ended. */
export type StopOptions = Pick<StopRequest, 'reason' | 'steps' | 'now'>;
