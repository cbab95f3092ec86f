import { forecast, type MemoryBound, memoryBound, roughMillis } from '../client/foresight/limitForecast.ts';
import { MemoryTrace, pointMillis } from '../client/foresight/memoryTrace.ts';
import { windowPoints } from '../client/foresight/memoryTrend.ts';
import { isComparable, soFar, type Unusual, unusualFigures } from '../client/foresight/usualRuns.ts';
import { availableMemory } from '../platform/availableMemory.ts';
import { formatBytes, formatDuration } from '../protocol/format.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { isLive } from '../protocol/trees.ts';
import { readRuns } from '../records/runFiles.ts';
import type { FoundTree } from './wardens.ts';

/** Where a tree is heading, as far as its warden has sampled it. */
export interface Foresight {
  /** The limit that its memory reaches at its present rate, and how soon. */
  readonly memory?: {
    readonly bound: MemoryBound['kind'];
    readonly boundBytes: number;
    readonly inMillis: number;
    readonly bytesPerMinute: number;
  };
  /** What it uses much more of than its last runs: bytes, or milliseconds. */
  readonly unusual?: readonly Unusual[];
}

/** Undefined where there is nothing to say. Never throws: it is more than was asked for. */
export async function foresightOf({ warden, tree }: FoundTree, nowAt: number): Promise<Foresight | undefined> {
  if (!isLive(tree)) return undefined;
  const [memory, unusual] = [await memoryOf({ warden, tree }, nowAt).catch(() => undefined), unusualOf(tree, nowAt)];
  return memory || unusual.length > 0 ? { ...(memory && { memory }), ...(unusual.length > 0 && { unusual }) } : undefined;
}

async function memoryOf({ warden, tree }: FoundTree, nowAt: number): Promise<Foresight['memory']> {
  // Its history is long, and a trend needs most of it.
  if (nowAt - tree.startedAt < windowPoints * pointMillis) return undefined;
  const { points } = MemoryTrace.from(await warden.history(tree.id));
  const found = forecast(points, memoryBound(tree, availableMemory));
  if (found === undefined) return undefined;
  const { bound, inMillis, trend } = found;
  return {
    bound: bound.kind,
    boundBytes: bound.bytes,
    inMillis: roughMillis(inMillis),
    bytesPerMinute: Math.round(trend.bytesPerMilli * 60_000),
  };
}

function unusualOf(tree: TreeSnapshot, nowAt: number): readonly Unusual[] {
  const now = soFar(nowAt, tree);
  if (tree.history === undefined || !isComparable(now)) return [];
  return unusualFigures(
    readRuns(tree.history).runs.filter((run) => run.tree !== tree.id),
    now,
  );
}

/** As lines for people. */
export function foresightLines(label: string, { memory, unusual = [] }: Foresight): string[] {
  const lines = unusual.map(({ figure, value, usual, runs }) => {
    const format = figure === 'memory' ? formatBytes : formatDuration;
    const name = { memory: 'memory usage', cpu: 'CPU time', time: 'a running time' }[figure];
    return `${label}: ${name} of ${format(value)} is unusual for this process (usually ${format(usual)}, last ${runs} runs).`;
  });
  if (memory === undefined) return lines;
  const { bound, boundBytes, inMillis, bytesPerMinute } = memory;
  const where = bound === 'limit' ? `reaches its limit of ${formatBytes(boundBytes)}` : 'takes all that this machine has left';
  return [
    `${label}: memory usage grows by ${formatBytes(bytesPerMinute)} a minute and ${where} in about ${formatDuration(inMillis)}.`,
    ...lines,
  ];
}
