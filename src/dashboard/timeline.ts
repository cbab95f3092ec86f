/** The history of all trees as the charts need it: one column of times, and one of values for each tree. */

import type { History, HistoryPoint, HistorySeries } from '../protocol/figures.ts';
import { TreeHistory } from '../protocol/history.ts';
import type { TreeId } from '../protocol/identity.ts';
import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { labelOf } from '../protocol/trees.ts';
import { visible } from '../protocol/visible.ts';

export type Range = 'recent' | 'long';
/** Reads and writes together. */
export type Measure = 'cpuPercent' | 'memoryBytes' | 'storageRate' | 'gpuMemoryBytes' | 'gpuPercent';

/** Times in milliseconds since 1970, rising, and for each tree its value then; null where it was not looked at then. */
export interface Chart {
  readonly at: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

/** Maximum number of ended trees that are shown; each is shown until its last point is out of the range. */
const endedShown = 10;

const csvHead = 'time,tree,cpu_percent,memory_bytes,read_bytes_per_second,write_bytes_per_second,processes,gpu_memory_bytes,gpu_percent';

interface Entry {
  readonly name: string;
  /** Decides upon the look of its line, and stays the same; that of its predecessor where it was restarted, else the lowest that is free. */
  readonly place: number;
  history: TreeHistory;
  ended: boolean;
}

export class Timeline {
  readonly #entries = new Map<TreeId, Entry>();

  /** In order of their first appearance. */
  get trees(): readonly { readonly id: TreeId; readonly name: string; readonly place: number; readonly ended: boolean }[] {
    return Array.from(this.#entries, ([id, { name, place, ended }]) => ({ id, name, place, ended }));
  }

  /** Whether any tree does now, or did within the last ten minutes. */
  get usesGpu(): boolean {
    return [...this.#entries.values()].some(({ history }) => history.series.recent.gpuMemoryBytes.some((bytes) => bytes > 0));
  }

  /** What was recorded before this page was there. */
  load(tree: TreeId, history: History): void {
    const entry = this.#entries.get(tree);
    if (entry) entry.history = new TreeHistory(history);
  }

  /** Answers with the trees that were not there before. */
  add(at: number, trees: readonly TreeSnapshot[]): readonly TreeId[] {
    const fresh: TreeId[] = [];
    this.#forget(new Set(trees.map(({ id }) => id)));
    for (const tree of trees) {
      const { id, endedAt, cpuPercent, memoryBytes, readRate, writeRate, members, gpu } = tree;
      const known = this.#entries.get(id);
      if (!known && endedAt !== undefined) continue;
      if (!known) fresh.push(id);
      const entry = known ?? this.#entryFor(visible(labelOf(tree)));
      this.#entries.set(id, entry);
      entry.ended = endedAt !== undefined;
      const ofGpus = { gpuMemoryBytes: gpu?.memoryBytes ?? 0, gpuPercent: gpu?.percent ?? 0 };
      if (!entry.ended) entry.history.add({ at, cpuPercent, memoryBytes, readRate, writeRate, processes: members.length, ...ofGpus });
    }
    return fresh;
  }

  /** Of these trees, in this order. */
  chart(trees: readonly TreeId[], range: Range, measure: Measure): Chart {
    const columns = trees.map((tree) => this.#column(tree, range, measure));
    const at = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort((a, b) => a - b);
    return { at, values: columns.map((column) => at.map((time) => column.get(time) ?? null)) };
  }

  /** As lines of `time,tree,cpu_percent,…` for other tools. */
  csv(range: Range): string {
    const lines = [...this.#entries.values()].flatMap(({ name, history }) =>
      pointsOf(history.series[range]).map(({ at, cpuPercent, memoryBytes, readRate, writeRate, processes, gpuMemoryBytes, gpuPercent }) => {
        const whole = [memoryBytes, readRate, writeRate, processes, gpuMemoryBytes].map(Math.round);
        return [new Date(at).toISOString(), quote(name), cpuPercent.toFixed(2), ...whole, gpuPercent.toFixed(2)].join(',');
      }),
    );
    return `${[csvHead, ...lines].join('\n')}\n`;
  }

  #entryFor(name: string): Entry {
    const entries = [...this.#entries.values()];
    const predecessor = entries.findLast((entry) => entry.name === name && entry.ended);
    const taken = new Set(entries.map(({ place }) => place));
    const free = Array.from({ length: taken.size + 1 }, (_, place) => place).find((place) => !taken.has(place)) ?? 0;
    return { name, place: predecessor?.place ?? free, history: new TreeHistory(), ended: false };
  }

  #column(tree: TreeId, range: Range, measure: Measure): Map<number, number> {
    const series = this.#entries.get(tree)?.history.series;
    if (!series) return new Map();
    const { recent, long } = series;
    if (range === 'recent') return columnOf(recent, measure);
    // The last seconds of the long view are not in a mean yet.
    return new Map([...columnOf(long, measure), ...columnOf(recent, measure, long.at.at(-1))]);
  }

  /** A warden forgets trees that have ended, and so do we, but later. */
  #forget(present: ReadonlySet<TreeId>): void {
    const gone = [...this.#entries].filter(([id, { ended }]) => ended || !present.has(id));
    for (const [, entry] of gone) entry.ended = true;
    for (const [id] of gone.slice(0, -endedShown)) this.#entries.delete(id);
  }
}

/** Values by time, of what is later than `after`. */
function columnOf(series: HistorySeries, measure: Measure, after = 0): Map<number, number> {
  const valueAt = (index: number): number =>
    measure === 'storageRate' ? (series.readRate[index] ?? 0) + (series.writeRate[index] ?? 0) : (series[measure][index] ?? 0);
  return new Map(series.at.flatMap((at, index) => (at > after ? [[at, valueAt(index)] as const] : [])));
}

function pointsOf(series: HistorySeries): HistoryPoint[] {
  return series.at.map((at, index) => ({
    at,
    cpuPercent: series.cpuPercent[index] ?? 0,
    memoryBytes: series.memoryBytes[index] ?? 0,
    readRate: series.readRate[index] ?? 0,
    writeRate: series.writeRate[index] ?? 0,
    processes: series.processes[index] ?? 0,
    gpuMemoryBytes: series.gpuMemoryBytes[index] ?? 0,
    gpuPercent: series.gpuPercent[index] ?? 0,
  }));
}

/** As RFC 4180 has it. */
function quote(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
