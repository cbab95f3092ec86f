/** Distance between two points in milliseconds. */
const intervalMillis = 15_000;
/** Number of points: together ten minutes, which is longer than a start. */
const pointCount = 40;
/** Minimum growth that is reported, in bytes and as a fraction of the initial size. */
const minGrowth = { bytes: 100 * 2 ** 20, part: 0.25 } as const;
/** Minimum coefficient of determination of a straight line through the points (1 is a perfect line, a sawtooth has little). */
const minLinearity = 0.9;

interface Point {
  readonly at: number;
  readonly bytes: number;
}

/** Distinguishes memory that grows steadily from memory that fluctuates. */
export class GrowthWatch {
  #points: Point[] = [];
  #grown: { readonly bytes: number; readonly millis: number } | undefined;

  /** The growth over the whole window, where it is steady; `at` in milliseconds. */
  add(at: number, bytes: number): { readonly bytes: number; readonly millis: number } | undefined {
    const last = this.#points.at(-1);
    if (last && at - last.at < intervalMillis) return this.#grown;
    this.#points = [...this.#points, { at, bytes }].slice(-pointCount);
    this.#grown = this.#points.length < pointCount ? undefined : steadyGrowth(this.#points);
    return this.#grown;
  }
}

/** The growth by least squares; undefined where it is not steady, or too small. */
export function steadyGrowth(points: readonly Point[]): { readonly bytes: number; readonly millis: number } | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || first === last) return undefined;
  const mean = (of: (point: Point) => number): number => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [meanAt, meanBytes] = [mean(({ at }) => at), mean(({ bytes }) => bytes)];
  const covariance = mean(({ at, bytes }) => (at - meanAt) * (bytes - meanBytes));
  const spread = mean(({ at }) => (at - meanAt) ** 2);
  const variance = mean(({ bytes }) => (bytes - meanBytes) ** 2);
  const slope = covariance / spread;
  const explained = variance === 0 ? 0 : covariance ** 2 / (spread * variance);
  const millis = last.at - first.at;
  const bytes = slope * millis;
  const matters = bytes >= minGrowth.bytes && bytes >= minGrowth.part * Math.max(1, meanBytes - bytes / 2);
  return explained >= minLinearity && matters ? { bytes, millis } : undefined;
}
