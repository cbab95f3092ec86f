import type { StartRequest } from '../../protocol/startRequest.ts';
import type { Text } from '../../protocol/texts.ts';
import type { StopRequest } from '../../protocol/treeRequests.ts';
import type { FileWatcher } from '../fileWatchLink.ts';
import type { Journal } from '../journal.ts';
import type { Tree } from '../trees/tree.ts';
import type { JobRecorder } from './jobRecorder.ts';
import type { DayClock } from './scheduleClock.ts';

/** What the reconciler needs of the rest of the warden. */
export interface ReconcilerParts {
  readonly journal: Journal;
  /** Watches the files of declared names. */
  readonly files: FileWatcher;
  /** By which schedules go; by default the machine's. */
  readonly clock?: DayClock;
  /** Keeps which jobs wait; by default nothing does. */
  readonly jobRecorder?: JobRecorder;
  /**
   * Makes a tree that is still to be started.
   * @throws RequestError where the limit on trees is reached, or the request does not fit this warden.
   */
  create(request: StartRequest): Tree;
  /** The spawn of this tree has failed: it is not listed. */
  discard(tree: Tree): void;
  /** Something that clients see of a tree has changed. */
  onChange(): void;
  /** Shows a message to the user. `process`: the name that it is about. */
  alert(message: Text, process?: string): void;
}

/** How a tree is to be ended. */
export interface StopOptions extends Pick<StopRequest, 'steps' | 'now'> {
  readonly reason: Text;
}
