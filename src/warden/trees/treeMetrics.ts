import type { ProcessStat } from '../../platform/platform.ts';
import type { HistoryPoint } from '../../protocol/figures.ts';
import { TreeHistory } from '../../protocol/history.ts';
import type { RunFigures } from '../../protocol/runs.ts';
import { Coverage } from './coverage.ts';
import { type Figures, Meter, noFigures, type Readings, type Used } from './meter.ts';

/** Resource usage of one tree: now, in total, and over time. */
export class TreeMetrics {
  readonly history = new TreeHistory();
  readonly #meter = new Meter();
  #figures: Figures = noFigures;
  #peakMemoryBytes = 0;
  readonly #coverage = new Coverage();
  #lastPids: readonly number[] = [];

  get figures(): Figures {
    return this.#figures;
  }

  /** CPU time and bytes of all processes that were ever seen in the tree. */
  get used(): Used {
    return this.#meter.used;
  }

  /** Pids of the last sample, also after the tree has ended. */
  get lastPids(): readonly number[] {
    return this.#lastPids;
  }

  /** Takes a sample; `at` in milliseconds since 1970. Answers with the mean over the last twenty seconds, when they are full. */
  measure(
    at: number,
    leader: ProcessStat | undefined,
    processes: readonly ProcessStat[],
    readings: Readings,
    containerCpuMillis: number | undefined,
  ): HistoryPoint | undefined {
    this.#lastPids = processes.map(({ pid }) => pid);
    const measured = this.#meter.measure(leader, processes, readings, containerCpuMillis);
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, measured.memoryBytes);
    // A process that is just ending, or becoming another program, has no memory for a moment: such a sample has missed what it used.
    if (measured.memoryBytes > 0) this.#coverage.add(at);
    this.#figures = { ...measured, peakMemoryBytes: this.#peakMemoryBytes, cpuMillis: Math.round(this.used.cpuMillis) };
    const { cpuPercent, memoryBytes, readRate, writeRate, gpu } = this.#figures;
    const ofGpus = { gpuMemoryBytes: gpu?.memoryBytes ?? 0, gpuPercent: gpu?.percent ?? 0 };
    return this.history.add({ at, cpuPercent, memoryBytes, readRate, writeRate, processes: processes.length, ...ofGpus });
  }

  /** What a run has used, both times in milliseconds since 1970; undefined where it was not sampled throughout: what was missed may be the most. */
  ofRun(startedAt: number, endedAt: number): RunFigures | undefined {
    if (!this.#coverage.covers(startedAt, endedAt)) return undefined;
    return { peakMemoryBytes: this.#peakMemoryBytes, cpuMillis: Math.round(this.used.cpuMillis) };
  }

  /** No process is left that uses anything. */
  end(): void {
    this.#figures = noFigures;
  }
}
