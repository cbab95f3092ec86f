import { randomUUID } from 'node:crypto';
import { type Marks, markRange, type Platform } from '../platform/platform.ts';
import type { TreeId } from '../protocol/identity.ts';

/** The number that a tree's processes inherit (see Platform.withSpawnAttributes); derived from the tree's id alone. */
export function limitMarkOf(tree: string): number {
  return markRange.from + Number(BigInt(`0x${tree.replaceAll('-', '')}`) & ((1n << BigInt(markRange.bits)) - 1n));
}

/**
 * Whether the marks of a process that carries this tree's count. Every user can read the number and copy it. The id in the environment is known to
 * the processes of the tree and to root alone, so another user's process has it from one of them, as a daemon does that has changed its user; root
 * may end that one.
 */
export function countMarks(
  platform: Pick<Platform, 'isOwnedByUser' | 'endsOthers'>,
  pid: number,
  { environment }: Marks,
  tree: string,
): boolean {
  return platform.isOwnedByUser(pid) || (platform.endsOthers && environment.includes(tree));
}

/** As {@link limitMarkOf}, for what is said to be a tree's id, in a variable or a file that anything may be in; undefined where it is none. */
export function limitMarkNamed(id: string): number | undefined {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? limitMarkOf(id) : undefined;
}

/** An id of a tree whose processes carry this number already. */
export function treeWithMark(mark: number): TreeId {
  const digits = randomUUID().replaceAll('-', '');
  const low = (1n << BigInt(markRange.bits)) - 1n;
  const number = (BigInt(`0x${digits}`) & ~low) | BigInt(mark - markRange.from);
  const [, ...groups] =
    number
      .toString(16)
      .padStart(32, '0')
      .match(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/) ?? [];
  return groups.join('-') as TreeId;
}
