/** The rows of the process table: what they say, which are shown, and in which order. No page, no clock. */
import { formatBytes, formatPercent } from '../protocol/format.ts';
import type { TreeId } from '../protocol/identity.ts';
import { formatPorts } from '../protocol/ports.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { labelOf } from '../protocol/trees.ts';
import { visible } from '../protocol/visible.ts';

export const columns = ['process', 'pid', 'tree', 'cpu', 'memory', 'gpu', 'threads', 'ports'] as const;
export type Column = (typeof columns)[number];

export interface Order {
  /** `natural`: trees as they come, members by descent. */
  readonly by: Column | 'natural';
  readonly descending: boolean;
}

export interface ProcessRow {
  readonly key: string;
  readonly tree: TreeId;
  readonly treeName: string;
  /** For sorting. */
  readonly values: Readonly<Record<Column, number | string>>;
  readonly texts: Readonly<Record<Column, string>>;
  /** Everything that is shown, in small letters, to search in. */
  readonly haystack: string;
}

/** One row for each member of each tree. */
export function processRows(trees: readonly TreeSnapshot[]): ProcessRow[] {
  return trees.flatMap((tree) =>
    tree.members.map((member): ProcessRow => {
      const ports = formatPorts([member]);
      const values = {
        process: member.name,
        pid: member.pid,
        tree: labelOf(tree),
        cpu: member.cpuPercent,
        memory: member.memoryBytes,
        gpu: member.gpu?.memoryBytes ?? 0,
        threads: member.threads,
        ports: member.ports?.[0]?.port ?? 0,
      };
      const texts = {
        process: visible(member.zombie ? `${member.name} (zombie)` : member.name),
        pid: String(member.pid),
        tree: visible(labelOf(tree)),
        cpu: formatPercent(member.cpuPercent),
        memory: formatBytes(member.memoryBytes),
        gpu: member.gpu ? formatBytes(member.gpu.memoryBytes) : '',
        threads: String(member.threads),
        ports,
      };
      const haystack = `${texts.process} ${texts.pid} ${texts.tree} ${texts.ports}`.toLowerCase();
      return { key: `${tree.id}:${member.pid}`, tree: tree.id, treeName: tree.name, values, texts, haystack };
    }),
  );
}

/** Those that have each of the words of `filter` somewhere. */
export function filterRows(rows: readonly ProcessRow[], filter: string): ProcessRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(({ haystack }) => words.every((word) => haystack.includes(word)));
}

/** Equal ones stay as they were. */
export function sortRows(rows: readonly ProcessRow[], { by, descending }: Order): ProcessRow[] {
  if (by === 'natural') return [...rows];
  const direction = descending ? -1 : 1;
  return rows.toSorted((a, b) => direction * compare(a.values[by], b.values[by]));
}

/** In the order of `before`, so that nothing moves under the pointer; new ones come last. */
export function keepOrder(rows: readonly ProcessRow[], before: readonly string[]): ProcessRow[] {
  const places = new Map(before.map((key, index) => [key, index]));
  const place = ({ key }: ProcessRow): number => places.get(key) ?? before.length;
  return rows.toSorted((a, b) => place(a) - place(b));
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  // A collator for each pair would take a second for a thousand rows.
  const [left, right] = [String(a), String(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
