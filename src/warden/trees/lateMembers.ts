import { performance } from 'node:perf_hooks';
import type { Platform, ProcessStat } from '../../platform/platform.ts';
import type { TreeId } from '../../protocol/identity.ts';
import { killAll } from '../ending/cleanup.ts';
import { passUnreadable } from '../ending/ifReadable.ts';
import type { Journal } from '../journal.ts';
import type { TreeView } from './treeView.ts';

/** How soon those that could not be killed are tried again, in milliseconds. */
const retryMillis = 60_000;

/** Members that turn up when their tree has ended: processes that every look has missed. They are killed, one attempt a tree at a time. */
export class LateMembers {
  readonly #parts: { readonly platform: Platform; readonly journal: Journal };
  readonly #alive: (tree: TreeId) => ProcessStat[];
  readonly #underWay = new Map<TreeId, Promise<void>>();
  readonly #notBefore = new Map<TreeId, number>();

  /** `alive`: living members of a tree, looked up afresh. */
  constructor(parts: { readonly platform: Platform; readonly journal: Journal }, alive: (tree: TreeId) => ProcessStat[]) {
    this.#parts = parts;
    this.#alive = alive;
  }

  kill({ id, request }: Pick<TreeView, 'id' | 'request'>): void {
    if (this.#underWay.has(id) || performance.now() < (this.#notBefore.get(id) ?? 0)) return;
    this.#parts.journal.write({
      event: 'late-member',
      tree: id,
      spec: request.name,
      reason: 'a member turned up after its tree had ended; it is killed',
    });
    this.#underWay.set(
      id,
      this.#kill(id).finally(() => this.#underWay.delete(id)),
    );
  }

  forget(id: TreeId): void {
    this.#notBefore.delete(id);
  }

  /** Resolves when no attempt is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  async #kill(id: TreeId): Promise<void> {
    const survivors = await killAll(this.#parts, () => this.#alive(id)).catch(passUnreadable);
    if (survivors !== undefined && survivors.length > 0) this.#notBefore.set(id, performance.now() + retryMillis);
  }
}
