import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import type { MemoryPoint } from './memoryTrace.ts';
import { type MemoryTrend, memoryTrend } from './memoryTrend.ts';

/** The memory that a tree can have: its own limit, or what the machine has left. */
export interface MemoryBound {
  readonly kind: 'limit' | 'machine';
  readonly bytes: number;
}

/** What a tree's memory is held to: its own limit; else what it has now, and what the machine has left. `availableBytes`: undefined where that is not known. */
export function memoryBound({ limits, memoryBytes }: TreeSnapshot, availableBytes: () => number | undefined): MemoryBound | undefined {
  if (limits?.memoryBytes !== undefined) return { kind: 'limit', bytes: limits.memoryBytes };
  const left = availableBytes();
  return left === undefined ? undefined : { kind: 'machine', bytes: memoryBytes + left };
}

export interface LimitForecast {
  readonly bound: MemoryBound;
  /** Time until the bound is reached at this rate, in milliseconds. */
  readonly inMillis: number;
  readonly trend: MemoryTrend;
}

/** How far a trend is continued, as a multiple of the time in which it was seen. */
const reach = 2;
/** Minimum of what memory would still grow by if it went on to slow down, as a multiple of what is missing to the bound: a cache that fills up stops before. */
const minStill = 3;
/** What is closer than this is said as this, in milliseconds. */
const minMillis = 60_000;
/** Minimum growth that is continued, in bytes and as a fraction of the memory. */
const minGrowth = { bytes: 4 * 2 ** 20, part: 0.02 } as const;

/** When memory reaches its bound if it goes on to grow as it does; undefined where it does not grow steadily, or that is too far off to say. */
export function forecast(points: readonly MemoryPoint[], bound: MemoryBound | undefined): LimitForecast | undefined {
  if (bound === undefined) return undefined;
  const trend = memoryTrend(points);
  return trend && reachOf(trend, bound);
}

function reachOf(trend: MemoryTrend, bound: MemoryBound): LimitForecast | undefined {
  const { bytes, peakBytes, bytesPerMilli, millis } = trend;
  if (bytes < minGrowth.bytes || bytes < minGrowth.part * peakBytes || bound.bytes <= 0) return undefined;
  const missing = bound.bytes - peakBytes;
  if (missing * minStill > trend.stillBytes) return undefined;
  const inMillis = missing / bytesPerMilli;
  return inMillis <= reach * millis ? { bound, inMillis: Math.max(minMillis, inMillis), trend } : undefined;
}

/** `40 min`: as exact as such a forecast is. */
export function roughMillis(millis: number): number {
  const minutes = millis / 60_000;
  const step = minutes < 10 ? 1 : minutes < 60 ? 5 : minutes < 180 ? 15 : 60;
  return Math.max(1, Math.round(minutes / step)) * step * 60_000;
}
