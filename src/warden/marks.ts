import { markRange } from '../platform/platform.ts';

/** The number that a tree's processes inherit (see Platform.withSpawnAttributes); derived from the tree's id alone. */
export function limitMarkOf(tree: string): number {
  return markRange.from + Number(BigInt(`0x${tree.replaceAll('-', '')}`) & ((1n << BigInt(markRange.bits)) - 1n));
}
