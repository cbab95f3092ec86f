import type { History } from '../../protocol/figures.ts';

/** The memory of a tree over one interval. */
export interface MemoryPoint {
  /** The end of the interval, in milliseconds since 1970. */
  readonly at: number;
  /** The mean, in bytes: that of a garbage-collected heap rises and falls within seconds. */
  readonly bytes: number;
  /** The highest sample, in bytes. */
  readonly peakBytes: number;
}

/** Interval of the points in milliseconds: that of the means in the warden's history. */
export const pointMillis = 20_000;
/** Number of points that are kept: 160 minutes. */
export const maxPoints = 480;

/** Whether what lies between two moments, in milliseconds since 1970, is no time in which a process was followed. */
export function isJump(before: number, at: number): boolean {
  return at < before || at - before > 3 * pointMillis;
}

/** The memory of one run, as points of bounded number. */
export class MemoryTrace {
  readonly #points: MemoryPoint[] = [];
  #since: { at: number; sum: number; count: number; peakBytes: number } | undefined;

  /** Of what a warden has sampled: single samples of the last ten minutes, means of what was before them. */
  static from({ recent, long }: History): MemoryTrace {
    const trace = new MemoryTrace();
    const [firstAt = Number.POSITIVE_INFINITY] = recent.at;
    for (const [index, at] of long.at.entries()) {
      const bytes = long.memoryBytes[index] ?? 0;
      if (at >= firstAt) continue;
      trace.#continueAt(at);
      trace.#push({ at, bytes, peakBytes: bytes });
    }
    for (const [index, at] of recent.at.entries()) trace.add(at, recent.memoryBytes[index] ?? 0);
    return trace;
  }

  get points(): readonly MemoryPoint[] {
    return this.#points;
  }

  /** Takes a sample; `at` in milliseconds since 1970, ascending. Returns whether it has completed a point. */
  add(at: number, bytes: number): boolean {
    this.#continueAt(at);
    this.#since ??= { at, sum: 0, count: 0, peakBytes: 0 };
    const since = this.#since;
    since.sum += bytes;
    since.count++;
    since.peakBytes = Math.max(since.peakBytes, bytes);
    if (at - since.at < pointMillis) return false;
    this.#push({ at, bytes: since.sum / since.count, peakBytes: since.peakBytes });
    this.#since = { at, sum: 0, count: 0, peakBytes: 0 };
    return true;
  }

  /** A clock that was put back, a machine that slept, and a time without samples begin anew. */
  #continueAt(at: number): void {
    const before = this.#since?.at ?? this.#points.at(-1)?.at;
    if (before !== undefined && isJump(before, at)) this.#clear();
  }

  #push(point: MemoryPoint): void {
    this.#points.push(point);
    if (this.#points.length > maxPoints) this.#points.shift();
  }

  #clear(): void {
    this.#points.length = 0;
    this.#since = undefined;
  }
}
