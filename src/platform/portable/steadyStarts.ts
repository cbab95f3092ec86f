import type { ProcessStat } from '../platform.ts';

/** By how much two answers of ps(1) about one start may differ, in milliseconds: it adds rounded times since the system's start to a rounded start of the system. */
const jitterMillis = 1000;

/** Keeps what was first said of a start: one that is a second later at the next look would be taken for another process, and be left alone. */
export class SteadyStarts {
  #starts: ReadonlyMap<number, number> = new Map();

  of(processes: readonly ProcessStat[]): ProcessStat[] {
    const steady = processes.map((process) => {
      const known = this.#starts.get(process.pid);
      const isSame = known !== undefined && Math.abs(known - process.startTime) <= jitterMillis;
      return isSame ? { ...process, startTime: known } : process;
    });
    this.#starts = new Map(steady.map(({ pid, startTime }) => [pid, startTime]));
    return steady;
  }
}
