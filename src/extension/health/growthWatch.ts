/** Points are kept so far apart, in milliseconds, and so many: what grows for ten minutes is not starting up any more. */
const everyMillis = 15_000;
const count = 40;
/** It matters when it is so much, in bytes and as a part of what it was. */
const least = { bytes: 100 * 2 ** 20, part: 0.25 } as const;
/** How much of the change a straight line explains: 1 is all of it, and a saw, which goes back and forth, has little. */
const straightness = 0.9;

interface Point {
  readonly at: number;
  readonly bytes: number;
}

/** Tells memory that grows steadily from memory that comes and goes. */
export class GrowthWatch {
  #points: Point[] = [];
  #grown: { readonly bytes: number; readonly millis: number } | undefined;

  /** What it has grown by over the whole window, where it did so steadily; `at` in milliseconds. */
  add(at: number, bytes: number): { readonly bytes: number; readonly millis: number } | undefined {
    const last = this.#points.at(-1);
    if (last && at - last.at < everyMillis) return this.#grown;
    this.#points = [...this.#points, { at, bytes }].slice(-count);
    this.#grown = this.#points.length < count ? undefined : steadyGrowth(this.#points);
    return this.#grown;
  }
}

/** By least squares; undefined where it is no growth, or not steady, or does not matter. */
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
  const matters = bytes >= least.bytes && bytes >= least.part * Math.max(1, meanBytes - bytes / 2);
  return explained >= straightness && matters ? { bytes, millis } : undefined;
}
