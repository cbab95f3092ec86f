import type * as vscode from 'vscode';
import { errorText } from '../../protocol/errors.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { isLive } from '../../protocol/trees.ts';
import type { ConflictParts } from './conflict.ts';

/** Time after the start at which the output of a process that goes on is read once, in milliseconds: some wait for a change instead of failing. */
const readMillis = 8000;

/** Notices that a process of this window could not listen on its port, and offers to free it. */
export class PortConflicts implements vscode.Disposable {
  readonly #parts: ConflictParts;
  readonly #openedAt = Date.now();
  /** Trees that were looked at, while they are listed. */
  readonly #seen = new Map<TreeId, NodeJS.Timeout | undefined>();
  /** Names whose notification is open. */
  readonly #telling = new Set<string>();
  readonly #subscription: vscode.Disposable;

  constructor(parts: ConflictParts) {
    this.#parts = parts;
    this.#subscription = parts.link.onDidChangeTrees(() => this.#look());
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const timer of this.#seen.values()) clearTimeout(timer);
  }

  #look(): void {
    const trees = new Map(this.#parts.link.trees.map((tree) => [tree.id, tree]));
    for (const [id, timer] of this.#seen) {
      if (trees.has(id)) continue;
      clearTimeout(timer);
      this.#seen.delete(id);
    }
    for (const tree of trees.values()) {
      // Of one that is restarted again and again, the first attempt stands for all.
      if (tree.startedAt < this.#openedAt || (tree.restarts ?? 0) > 0) continue;
      if (tree.state === 'failed' && tree.endedAt !== undefined) this.#readNow(tree);
      else if (isLive(tree)) this.#readLater(tree);
    }
  }

  #readLater({ id }: TreeSnapshot): void {
    if (this.#seen.has(id)) return;
    const read = (): void => {
      const tree = this.#parts.link.trees.find((one) => one.id === id);
      if (tree && isLive(tree)) void this.#examine(tree);
    };
    this.#seen.set(id, setTimeout(read, readMillis));
  }

  #readNow(tree: TreeSnapshot): void {
    const timer = this.#seen.get(tree.id);
    if (this.#seen.has(tree.id) && timer === undefined) return;
    clearTimeout(timer);
    this.#seen.set(tree.id, undefined);
    void this.#examine(tree);
  }

  async #examine(tree: TreeSnapshot): Promise<void> {
    if (this.#telling.has(tree.name)) return;
    this.#telling.add(tree.name);
    try {
      const { settleConflict } = await import('./conflict.ts');
      await settleConflict(this.#parts, tree);
    } catch (error) {
      this.#parts.log.warn(`The port of ${tree.name}: ${errorText(error)}`);
    } finally {
      this.#telling.delete(tree.name);
    }
  }
}
