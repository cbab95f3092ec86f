import type { History, HistoryPoint, HistorySeries } from './figures.ts';

/** Interval in milliseconds and number of the points that are kept: ten minutes of single points, then four hours of means. */
const recent = { everyMillis: 900, count: 600 } as const;
const long = { everyMillis: 20_000, count: 720 } as const;

const keys = [
  'at',
  'cpuPercent',
  'memoryBytes',
  'readRate',
  'writeRate',
  'processes',
  'gpuMemoryBytes',
  'gpuPercent',
] as const satisfies (keyof HistoryPoint)[];

/** What one tree has used, of bounded size whatever its age: 84 KB of numbers. */
export class TreeHistory {
  readonly #recent: Columns;
  readonly #long: Columns;
  /** Since the last mean. */
  #since: HistoryPoint[] = [];

  /** Continues a history that another process has recorded. */
  constructor({ recent, long }: History = { recent: emptySeries(), long: emptySeries() }) {
    this.#recent = copy(recent);
    this.#long = copy(long);
  }

  /** Answers with a mean, whenever there is a new one. */
  add(point: HistoryPoint): HistoryPoint | undefined {
    // The clock was put back: what was recorded in its future would keep all else out until then.
    if (point.at < (this.#recent.at.at(-1) ?? 0)) this.#forgetFrom(point.at);
    // Another client may sample more often than points are kept.
    if (point.at - (this.#recent.at.at(-1) ?? 0) < recent.everyMillis) return undefined;
    push(this.#recent, point, recent.count);
    this.#since.push(point);
    const first = this.#since[0] ?? point;
    if (point.at - first.at < long.everyMillis) return undefined;
    const whole = mean(this.#since);
    push(this.#long, whole, long.count);
    this.#since = [];
    return whole;
  }

  #forgetFrom(at: number): void {
    for (const series of [this.#recent, this.#long]) {
      const count = series.at.filter((one) => one < at).length;
      for (const key of keys) series[key].length = count;
    }
    this.#since = this.#since.filter((point) => point.at < at);
  }

  get series(): History {
    return { recent: this.#recent, long: this.#long };
  }
}

type Columns = { -readonly [key in keyof HistorySeries]: number[] };

function emptySeries(): Columns {
  return { at: [], cpuPercent: [], memoryBytes: [], readRate: [], writeRate: [], processes: [], gpuMemoryBytes: [], gpuPercent: [] };
}

function copy(series: HistorySeries): Columns {
  return Object.fromEntries(keys.map((key) => [key, [...series[key]]])) as Columns;
}

function push(series: Columns, point: HistoryPoint, count: number): void {
  for (const key of keys) {
    series[key].push(point[key]);
    if (series[key].length > count) series[key].shift();
  }
}

/** At the time of the last of them. */
function mean(points: readonly HistoryPoint[]): HistoryPoint {
  const of = (key: keyof HistoryPoint): number => points.reduce((sum, point) => sum + point[key], 0) / points.length;
  const means = Object.fromEntries(keys.map((key) => [key, of(key)])) as Record<keyof HistoryPoint, number>;
  return { ...means, at: points.at(-1)?.at ?? 0 };
}
