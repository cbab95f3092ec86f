/** Processes that are started into the containment of a running tree, and end with it. */
import type { StartRequest } from '../../protocol/startRequest.ts';
import { localizable, type Text } from '../../protocol/texts.ts';
import { RequestError } from '../requestError.ts';
import type { Tree } from './tree.ts';
import type { TreeView } from './treeView.ts';

/**
 * The tree that a request is to join.
 * @throws RequestError where it does not run, or cannot be joined.
 */
export function hostOf<T extends TreeView>({ name, join, containment }: StartRequest, trees: readonly T[]): T | undefined {
  if (join === undefined) return undefined;
  const refuse = (why: string): never => {
    throw new RequestError('notPossible', `'${name}' was not started: ${why}`);
  };
  if (join === name) refuse('it cannot join itself.');
  if (containment !== 'auto')
    refuse(`it has the containment of '${join}', which it joins, so that it cannot have "${containment}" as well.`);
  const host = trees.find((tree) => tree.request.name === join && !tree.ended);
  if (host === undefined) return refuse(`there is no running '${join}' that it could join. Start that first ("dependsOn" has it started).`);
  if (!isJoinable(host)) refuse(`'${join}', which it is to join, is ${host.leader === undefined ? 'still being started' : 'ending'}.`);
  if (host.request.isolate !== undefined)
    refuse(`'${join}' is isolated, and what joins it would not be. Start it with an "isolate" of its own instead.`);
  return host;
}

function isJoinable(tree: TreeView): boolean {
  return tree.leader !== undefined && !isEnding(tree);
}

/** Whether what has joined this tree is to end now. */
function isEnding({ ended, state }: TreeView): boolean {
  return ended || state === 'stopping' || state === 'unkillable';
}

/** Those that have joined this tree, and have not ended. */
export function joinedBy<T extends TreeView>({ request: { name } }: TreeView, trees: readonly T[]): readonly T[] {
  return trees.filter(({ request, ended }) => request.join === name && !ended);
}

export interface JoinedEndsParts {
  running(): readonly Tree[];
  /** By its own stop sequence. */
  stop(tree: Tree, reason: Text): void;
}

/** Ends what has joined a tree with that tree; what is ending already is left to that. */
export class JoinedEnds {
  readonly #parts: JoinedEndsParts;

  constructor(parts: JoinedEndsParts) {
    this.#parts = parts;
  }

  /** What it has joined may have ended meanwhile. */
  spawned({ id, request: { join } }: TreeView): void {
    if (join === undefined) return;
    const running = this.#parts.running();
    const host = running.find(({ request }) => request.name === join);
    if (host === undefined || isEnding(host))
      this.#end(
        join,
        running.filter((tree) => tree.id === id),
      );
  }

  changed(tree: TreeView): void {
    if (isEnding(tree)) this.#end(tree.request.name, joinedBy(tree, this.#parts.running()));
  }

  #end(host: string, joined: readonly Tree[]): void {
    for (const tree of joined) if (!isEnding(tree)) this.#parts.stop(tree, localizable('joinedEnded', host));
  }
}
