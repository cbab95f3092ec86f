import { isDeepStrictEqual } from 'node:util';
import type { TreeId } from '../../protocol/identity.ts';
import type { RemoteFigures } from '../../protocol/remoteRequests.ts';
import type { RemoteStatus } from '../../protocol/runner.ts';
import type { RemoteStart } from '../../protocol/startRequest.ts';
import type { Text } from '../../protocol/texts.ts';
import { RequestError } from '../requestError.ts';
import type { Tree } from './tree.ts';

/** What is known of a tree that runs on a node. */
export interface RemoteView {
  readonly status: RemoteStatus;
  readonly figures?: RemoteFigures | undefined;
}

/** The trees of this warden that run on nodes, as their connectors tell of them. */
export class RemoteTrees {
  readonly #views = new Map<TreeId, RemoteView>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** What a connector is to start. @throws RequestError where the tree runs here. */
  startOf({ request }: Tree): RemoteStart {
    if (!request.remote) throw new RequestError('notPossible', `'${request.name}' runs on this machine.`);
    return request.remote;
  }

  /** Only transitions are told at once; figures wait for the next look of each client. */
  report(tree: Tree, { status, figures }: RemoteView): void {
    // Of one that was taken over, the request is not known any more.
    if (tree.ended) return;
    const before = this.#views.get(tree.id);
    this.#views.set(tree.id, { status, figures: figures ?? before?.figures });
    if (status.phase === 'running') tree.probes.placed();
    if (!isDeepStrictEqual(before?.status, status)) this.#onChange();
  }

  viewOf(tree: TreeId): RemoteView | undefined {
    return this.#views.get(tree);
  }

  /** Why it has failed there, as its connector says it; undefined where that has not failed. */
  failureOf(tree: TreeId): Text | undefined {
    const status = this.#views.get(tree)?.status;
    return status?.phase === 'failed' ? status.reason : undefined;
  }

  forget(tree: TreeId): void {
    this.#views.delete(tree);
  }
}
