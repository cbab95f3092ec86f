/** What has changed in a list of trees: made by the warden, applied by its clients. */
import { isDeepStrictEqual } from 'node:util';
import type { TreeId } from './identity.ts';
import type { MemberSnapshot, TreeSnapshot } from './snapshot.ts';

/** Of an item that is new, every field; of one that was there, those that have changed. Null: the field is gone. */
export type Fields<T> = { readonly [key in keyof T]?: T[key] | null };

/** A change of a list whose items are told apart by a key. */
export interface ListChange<Key, Item> {
  /** Items that are new or have changed, with their keys. The new ones come last in the list, in this order. */
  readonly changed?: readonly Item[];
  readonly gone?: readonly Key[];
  /** All keys in their new order, where it is not the one that follows from the rest. */
  readonly order?: readonly Key[];
}

export type MemberChange = Fields<MemberSnapshot> & Pick<MemberSnapshot, 'pid'>;

export type TreeChange = Fields<Omit<TreeSnapshot, 'members'>> &
  Pick<TreeSnapshot, 'id'> & {
    /** Absent where no member has changed. */
    readonly members?: ListChange<number, MemberChange>;
  };

/** Empty where a sample was taken and nothing has changed. */
export type TreesChange = ListChange<TreeId, TreeChange>;

export function changeBetween(before: readonly TreeSnapshot[], after: readonly TreeSnapshot[]): TreesChange {
  return listChange(before, after, idOf, (old, { members, ...fields }): TreeChange | undefined => {
    const { members: oldMembers = [], ...oldFields } = old ?? {};
    const changed = changedFields<Omit<TreeSnapshot, 'members'>>(oldFields, fields);
    const memberChange = listChange(oldMembers, members, pidOf, changedMember);
    const haveMembersChanged = Object.keys(memberChange).length > 0;
    if (old && !haveMembersChanged && Object.keys(changed).length === 0) return undefined;
    return { ...changed, id: fields.id, ...(haveMembersChanged && { members: memberChange }) };
  });
}

function changedMember(before: MemberSnapshot | undefined, after: MemberSnapshot): MemberChange | undefined {
  const fields = changedFields(before ?? {}, after);
  return Object.keys(fields).length > 0 ? { ...fields, pid: after.pid } : undefined;
}

export function applyChange(before: readonly TreeSnapshot[], change: TreesChange): readonly TreeSnapshot[] {
  return applyListChange(before, change, idOf, (old, { members, ...fields }): TreeSnapshot => {
    const merged = withFields<Omit<TreeSnapshot, 'members'>>(old, fields);
    return {
      ...merged,
      members: members ? applyListChange(old?.members ?? [], members, pidOf, withFields<MemberSnapshot>) : (old?.members ?? []),
    };
  });
}

const idOf = ({ id }: Pick<TreeSnapshot, 'id'>): TreeId => id;
const pidOf = ({ pid }: Pick<MemberSnapshot, 'pid'>): number => pid;

function changedFields<T extends object>(before: Partial<T>, after: T): Fields<T> {
  const changed: { [key in keyof T]?: T[key] | null } = {};
  for (const key of Object.keys(after) as (keyof T)[])
    if (after[key] !== undefined && !isSame(before[key], after[key])) changed[key] = after[key];
  for (const key of Object.keys(before) as (keyof T)[]) if (before[key] !== undefined && after[key] === undefined) changed[key] = null;
  return changed;
}

/** Most fields are plain values. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof b === 'object' && isDeepStrictEqual(a, b));
}

function withFields<T extends object>(before: T | undefined, fields: Fields<T>): T {
  const kept = Object.entries({ ...before, ...fields }).filter(([, value]) => value !== null);
  return Object.fromEntries(kept) as T;
}

function listChange<Key, Item, Change>(
  before: readonly Item[],
  after: readonly Item[],
  keyOf: (item: Item) => Key,
  itemChange: (before: Item | undefined, after: Item) => Change | undefined,
): ListChange<Key, Change> {
  const [old, now] = [new Map(before.map((item) => [keyOf(item), item])), new Set(after.map(keyOf))];
  const changed = after.flatMap((item) => itemChange(old.get(keyOf(item)), item) ?? []);
  const gone = [...old.keys()].filter((key) => !now.has(key));
  const [order, expected] = [[...now], [...[...old.keys()].filter((key) => now.has(key)), ...[...now].filter((key) => !old.has(key))]];
  return {
    ...(changed.length > 0 && { changed }),
    ...(gone.length > 0 && { gone }),
    ...(order.some((key, index) => key !== expected[index]) && { order }),
  };
}

function applyListChange<Key, Item, Change>(
  before: readonly Item[],
  { changed = [], gone = [], order }: ListChange<Key, Change>,
  keyOf: (item: Item | Change) => Key,
  apply: (before: Item | undefined, change: Change) => Item,
): Item[] {
  const items = new Map(before.map((item) => [keyOf(item), item]));
  for (const key of gone) items.delete(key);
  for (const change of changed) items.set(keyOf(change), apply(items.get(keyOf(change)), change));
  return order ? order.flatMap((key) => items.get(key) ?? []) : [...items.values()];
}
