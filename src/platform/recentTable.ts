import { performance } from 'node:perf_hooks';
import type { ProcessStat } from './platform.ts';

/** A process table that can only be read as a whole; it is kept for a moment, so that single processes can be looked up in it. */
export class RecentTable {
  readonly #read: () => ProcessStat[];
  readonly #lifeMillis: number;
  #last: { readonly at: number; readonly processes: readonly ProcessStat[] } | undefined;

  /** `lifeMillis`: how long one reading serves. */
  constructor(read: () => ProcessStat[], lifeMillis: number) {
    this.#read = read;
    this.#lifeMillis = lifeMillis;
  }

  /** The whole table, read afresh. */
  allProcesses(): ProcessStat[] {
    const processes = this.#read();
    this.#last = { at: performance.now(), processes };
    return processes;
  }

  find(pid: number): ProcessStat | undefined {
    const isRequested = (process: ProcessStat): boolean => process.pid === pid;
    const isFresh = this.#last !== undefined && performance.now() - this.#last.at < this.#lifeMillis;
    return (isFresh ? this.#last?.processes.find(isRequested) : undefined) ?? this.allProcesses().find(isRequested);
  }
}
