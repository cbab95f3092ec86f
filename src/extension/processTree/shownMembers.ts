import type { TreeId } from '../../protocol/identity.ts';
import type { MemberSnapshot, TreeSnapshot } from '../../protocol/snapshot.ts';

/** Time in milliseconds that a new member lives before it is shown, unless the tree itself is new. */
const minLifeMillis = 1500;
/** Age of a tree in milliseconds up to which its members are shown at once. */
const youthMillis = 3000;

interface Known {
  readonly since: number;
  /** When each member was seen first. */
  readonly seen: Map<number, number>;
  shown: readonly MemberSnapshot[];
}

/**
 * The members as the rows show them. A shell that runs one short program after the other would have the view drawn anew at
 * every sample, and no hover would ever open: a short-lived process counts in the tree's figures only.
 */
export class ShownMembers {
  readonly #now: () => number;
  readonly #known = new Map<TreeId, Known>();

  /** `now`: a monotonic clock in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  of({ id, members }: TreeSnapshot): readonly MemberSnapshot[] {
    const now = this.#now();
    const known: Known = this.#known.get(id) ?? { since: now, seen: new Map(), shown: [] };
    this.#known.set(id, known);
    const present = new Map(members.map((member) => [member.pid, member]));
    for (const pid of known.seen.keys()) if (!present.has(pid)) known.seen.delete(pid);
    for (const pid of present.keys()) if (!known.seen.has(pid)) known.seen.set(pid, now);
    const isYoung = now - known.since < youthMillis;
    const before = new Set(known.shown.map(({ pid }) => pid));
    const lasting = members.filter(({ pid }) => isYoung || before.has(pid) || now - (known.seen.get(pid) ?? now) >= minLifeMillis);
    // With all of their ancestors, so that each row is where it will stay.
    const shown = new Set(lasting.map(({ pid }) => pid));
    for (const { parent } of lasting)
      for (let above = present.get(parent); above && !shown.has(above.pid); above = present.get(above.parent)) shown.add(above.pid);
    known.shown = members.filter(({ pid }) => shown.has(pid));
    return known.shown;
  }

  /** Discards all other trees. */
  retain(trees: ReadonlySet<TreeId>): void {
    for (const id of this.#known.keys()) if (!trees.has(id)) this.#known.delete(id);
  }
}
