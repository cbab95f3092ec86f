/** Whether memory grows steadily, and where that leads. Pure functions over points. */
import { type MemoryPoint, maxPoints } from './memoryTrace.ts';

export interface MemoryTrend {
  /** Slope of the line. */
  readonly bytesPerMilli: number;
  /** Growth along the line over {@link millis}. */
  readonly bytes: number;
  /** Length of the window, in milliseconds. */
  readonly millis: number;
  /** The line at the beginning of the window. */
  readonly startBytes: number;
  /** How high memory is at the end of the window when it is highest: the line, and what the samples swing above it. */
  readonly peakBytes: number;
  /** How far it would still grow if it went on to slow down as it does from the first half of the window to the second; infinite where it does not. */
  readonly stillBytes: number;
}

/** Number of points of the shortest window, ten minutes. Longer ones are averaged to as many: 435 pairs. */
export const windowPoints = 30;
/** Numbers of points in the windows, the longest first: 160, 80, 40, 20 and 10 minutes. */
const windows = [maxPoints, 240, 120, 60, windowPoints] as const;
/** Minimum share of the pairs of points whose later one is higher (1 for a line without noise, 0.5 for noise). */
const minRising = 0.9;
/** Maximum spread of the points around the line, as a fraction of the growth. */
const maxSpread = 0.1;
/** Minimum ratio of the smallest to the largest growth from one quarter of the window to the next: a step, a cache that fills up and a tooth of a saw have less. */
const minEvenness = 0.5;
/**
 * How far memory has to be above its highest value before the window: as a fraction of that, and of the deepest fall from a height until then. What it has
 * come down from before, it may come down from again.
 */
const newHigh = { part: 0.02, fall: 0.5 } as const;

/** The trend of the longest window in which memory grows steadily; undefined where there is none. */
export function memoryTrend(points: readonly MemoryPoint[]): MemoryTrend | undefined {
  for (const count of windows) {
    const trend = points.length < count ? undefined : trendOver(points.slice(-count), points.slice(0, -count));
    if (trend) return trend;
  }
  return undefined;
}

/** The trend of the last ten minutes. */
export function recentTrend(points: readonly MemoryPoint[]): MemoryTrend | undefined {
  return points.length < windowPoints ? undefined : trendOver(points.slice(-windowPoints), points.slice(0, -windowPoints));
}

function trendOver(window: readonly MemoryPoint[], before: readonly MemoryPoint[]): MemoryTrend | undefined {
  const points = averaged(window, window.length / windowPoints);
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || last.at <= first.at) return undefined;
  if (evenness(points) < minEvenness || !isNewHigh(last.bytes, before)) return undefined;
  const slopes: number[] = [];
  let rising = 0;
  for (const [index, later] of points.entries())
    for (const earlier of points.slice(0, index)) {
      slopes.push((later.bytes - earlier.bytes) / (later.at - earlier.at));
      if (later.bytes > earlier.bytes) rising++;
    }
  if (rising < minRising * slopes.length) return undefined;
  // Theil and Sen: the median slope of all pairs bears outliers in more than a quarter of the points.
  const bytesPerMilli = median(slopes);
  const millis = last.at - first.at;
  const bytes = bytesPerMilli * millis;
  if (bytes <= 0) return undefined;
  const offset = median(points.map((point) => point.bytes - bytesPerMilli * (point.at - first.at)));
  const residuals = points.map((point) => point.bytes - offset - bytesPerMilli * (point.at - first.at));
  if (spreadOf(residuals) > maxSpread * bytes) return undefined;
  const line = offset + bytes;
  const swing = window.slice(-windowPoints).reduce((most, point) => Math.max(most, point.peakBytes - point.bytes), 0);
  const slowing = slowingOf(points);
  const stillBytes = slowing < 1 ? (bytesPerMilli * millis * slowing) / 2 / (1 - slowing) : Number.POSITIVE_INFINITY;
  return { bytesPerMilli, bytes, millis, startBytes: offset, peakBytes: Math.max(line, last.bytes) + swing, stillBytes };
}

function isNewHigh(bytes: number, before: readonly MemoryPoint[]): boolean {
  let [highest, fall] = [0, 0];
  for (const point of before) {
    highest = Math.max(highest, point.bytes);
    fall = Math.max(fall, highest - point.bytes);
  }
  return bytes >= highest * (1 + newHigh.part) + fall * newHigh.fall;
}

/** Growth in the second half of the window as a fraction of that in the first; 1 where it is not less. */
function slowingOf(points: readonly { readonly bytes: number }[]): number {
  const [first, second] = [points.slice(0, points.length / 2), points.slice(points.length / 2)].map((half) =>
    median(half.flatMap((later, index) => half.slice(0, index).map((earlier, before) => (later.bytes - earlier.bytes) / (index - before)))),
  );
  return first === undefined || second === undefined || first <= 0 ? 1 : Math.min(1, Math.max(0, second / first));
}

/** Means of groups of `size` points, at the end of each. */
function averaged(points: readonly MemoryPoint[], size: number): { readonly at: number; readonly bytes: number }[] {
  return Array.from({ length: Math.floor(points.length / size) }, (_, group) => {
    const members = points.slice(group * size, (group + 1) * size);
    return { at: members.at(-1)?.at ?? 0, bytes: members.reduce((sum, { bytes }) => sum + bytes, 0) / members.length };
  });
}

/** 1 where each quarter is as far above the one before as the others are; 0 where one is not above it. */
function evenness(points: readonly { readonly bytes: number }[]): number {
  const levels = [0, 1, 2, 3].map((quarter) =>
    median(points.slice((quarter * points.length) / 4, ((quarter + 1) * points.length) / 4).map(({ bytes }) => bytes)),
  );
  const rises = levels.slice(1).map((level, index) => level - (levels[index] ?? level));
  return Math.max(0, Math.min(...rises)) / Math.max(...rises, Number.MIN_VALUE);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The median absolute deviation, scaled so that it is the standard deviation of values that are normally distributed. */
export function spreadOf(values: readonly number[]): number {
  const centre = median(values);
  return 1.4826 * median(values.map((value) => Math.abs(value - centre)));
}
