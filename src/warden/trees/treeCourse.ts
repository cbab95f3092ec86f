import type { ProcessStat } from '../../platform/platform.ts';
import { TreeHistory } from '../../protocol/history.ts';
import type { HistoryPoint } from '../../protocol/messages.ts';
import { type Figures, Meter, noFigures, type Readings, type Used } from './meter.ts';

/** What a tree uses now, has used, and how that went. */
export class TreeCourse {
  readonly history = new TreeHistory();
  readonly #meter = new Meter();
  #figures: Figures = noFigures;

  get figures(): Figures {
    return this.#figures;
  }

  /** CPU time and bytes of all who have ever been seen in it. */
  get used(): Used {
    return this.#meter.used;
  }

  /** Takes a sample; `at` in milliseconds since 1970. Answers with the mean over the last twenty seconds, when they are full. */
  measure(
    at: number,
    leader: ProcessStat | undefined,
    processes: readonly ProcessStat[],
    readings: Readings,
    containerCpuMillis: number | undefined,
  ): HistoryPoint | undefined {
    this.#figures = this.#meter.measure(leader, processes, readings, containerCpuMillis);
    const { cpuPercent, memoryBytes, readRate, writeRate, gpu } = this.#figures;
    const ofGpus = { gpuMemoryBytes: gpu?.memoryBytes ?? 0, gpuPercent: gpu?.percent ?? 0 };
    return this.history.add({ at, cpuPercent, memoryBytes, readRate, writeRate, processes: processes.length, ...ofGpus });
  }

  /** Nobody is left who uses anything. */
  end(): void {
    this.#figures = noFigures;
  }
}
