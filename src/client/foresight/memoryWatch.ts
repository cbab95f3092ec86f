import { forecast, type LimitForecast, type MemoryBound } from './limitForecast.ts';
import { MemoryTrace } from './memoryTrace.ts';
import { type MemoryTrend, recentTrend } from './memoryTrend.ts';

/** Minimum growth in ten minutes that is reported, in bytes and as a fraction of the initial size. */
const minGrowth = { bytes: 100 * 2 ** 20, part: 0.25 } as const;
/** Number of points in a row for which a forecast has to hold: three minutes. */
const confirmations = 9;
/** How far these forecasts may be apart, as a fraction of the remaining time. */
const maxApart = 0.3;
/** Number of points in a row without it after which something is over: five minutes. */
const pointsUntilOver = 15;

export interface MemoryOutlook {
  /** The growth of the last ten minutes, where it is steady and large. */
  readonly growth?: MemoryTrend;
  readonly forecast?: LimitForecast;
}

/** Follows the memory of one run. What it says changes with a point, which is every twenty seconds, and does not flap. */
export class MemoryWatch {
  readonly #trace = new MemoryTrace();
  readonly #growth = new Lasting<MemoryTrend>();
  readonly #forecast = new Lasting<LimitForecast>();
  /** When the bound is reached, by the last forecasts. */
  #moments: number[] = [];
  #outlook: MemoryOutlook = {};

  /** @param at In milliseconds since 1970. @param boundOf Asked only when there is a new point. */
  add(at: number, bytes: number, boundOf: () => MemoryBound | undefined): MemoryOutlook {
    if (!this.#trace.add(at, bytes)) return this.#outlook;
    const { points } = this.#trace;
    const growth = this.#growth.next(steadyGrowth(recentTrend(points)));
    const ahead = this.#forecast.next(this.#confirmed(at, forecast(points, boundOf())));
    this.#outlook = { ...(growth && { growth }), ...(ahead && { forecast: ahead }) };
    return this.#outlook;
  }

  #confirmed(at: number, found: LimitForecast | undefined): LimitForecast | undefined {
    this.#moments = found ? [...this.#moments, at + found.inMillis].slice(-confirmations) : [];
    if (!found || this.#moments.length < confirmations) return undefined;
    return Math.max(...this.#moments) - Math.min(...this.#moments) <= maxApart * found.inMillis ? found : undefined;
  }
}

/** The trend, where it is large enough to be told. */
export function steadyGrowth(trend: MemoryTrend | undefined): MemoryTrend | undefined {
  if (trend === undefined) return undefined;
  const { bytes, startBytes } = trend;
  return bytes >= minGrowth.bytes && bytes >= minGrowth.part * Math.max(1, startBytes) ? trend : undefined;
}

/** The newest value, until there was none for {@link pointsUntilOver} points. */
class Lasting<T> {
  #value: T | undefined;
  #without = 0;

  next(value: T | undefined): T | undefined {
    this.#without = value === undefined ? this.#without + 1 : 0;
    if (value !== undefined || this.#without >= pointsUntilOver) this.#value = value;
    return this.#value;
  }
}
