import { textOfError } from '../../protocol/errorReasons.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import type { Text } from '../../protocol/texts.ts';
import type { Tree } from '../trees/tree.ts';
import type { TreeView } from '../trees/treeView.ts';

export interface WatchCommandsParts {
  start(request: StartRequest): Promise<Tree>;
  stop(tree: Tree): void;
  /** The command has ended by itself; `problem`: how it has failed, as a clause or a sentence. */
  onResult(name: string, problem: Text | undefined): void;
}

interface Run {
  /** Undefined while it is being started. */
  tree?: Tree;
  /** Files have changed since it was started: it is run again by this. */
  next?: (() => StartRequest) | undefined;
  isCalledOff: boolean;
}

/** The commands that follow changed files, each as a tree of its own: one at a time for each name, and once more where files change meanwhile. */
export class WatchCommands {
  readonly #parts: WatchCommandsParts;
  readonly #runs = new Map<string, Run>();
  #isClosed = false;

  constructor(parts: WatchCommandsParts) {
    this.#parts = parts;
  }

  /** Resolves when it is running, or will be after the one that is. */
  async run(name: string, request: () => StartRequest): Promise<void> {
    const before = this.#runs.get(name);
    if (before) {
      before.next = request;
      return;
    }
    const run: Run = { isCalledOff: false };
    this.#runs.set(name, run);
    try {
      run.tree = await this.#parts.start(request());
      // Its end may be faster than the news of its start.
      if (run.tree.ended) this.ended(run.tree);
      else if (run.isCalledOff) this.#parts.stop(run.tree);
    } catch (error) {
      this.#finished(name, run, textOfError(error));
    }
  }

  /** The one that runs is ended, and is not run again. */
  callOff(name: string): void {
    const run = this.#runs.get(name);
    if (run === undefined) return;
    run.next = undefined;
    if (run.isCalledOff) return;
    run.isCalledOff = true;
    if (run.tree) this.#parts.stop(run.tree);
  }

  /** The warden ends, and these trees with all others: nothing is run again, and how they end is no news. */
  close(): void {
    this.#isClosed = true;
  }

  ended(tree: TreeView): void {
    const [name, run] = [...this.#runs].find(([, one]) => idOf(one) === tree.id) ?? [];
    if (name === undefined || run === undefined) return;
    const isFailed = tree.state === 'failed' || tree.limit !== undefined;
    this.#finished(name, run, isFailed ? (tree.limit ?? tree.reason) : undefined);
  }

  #finished(name: string, { isCalledOff, next }: Run, problem: Text | undefined): void {
    this.#runs.delete(name);
    if (this.#isClosed) return;
    if (!isCalledOff) this.#parts.onResult(name, problem);
    // Also of one that was called off: the process may have been started again while the command was still being ended.
    if (next) void this.run(name, next);
  }
}

function idOf({ tree }: Run): TreeId | undefined {
  return tree?.id;
}
