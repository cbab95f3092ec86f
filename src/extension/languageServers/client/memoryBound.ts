/** When a server that uses too much memory is restarted: not while it is asked something, and not for a peak. */

export interface MemorySample {
  readonly memoryBytes: number;
  /** Requests that it has not answered. */
  readonly outstanding: number;
  /** Milliseconds since the last request or answer. */
  readonly quietMillis: number;
}

/** Number of samples in a row above the bound: a peak is over by then. */
const samples = 3;
/** Time in milliseconds without a request after which none is expected at once: between two keys there are several. */
const restMillis = 2000;

/** Follows one run of a server from sample to sample. */
export class MemoryBound {
  readonly #bytes: number;
  #above = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Whether the server is to be restarted now. */
  isTimeToRestart({ memoryBytes, outstanding, quietMillis }: MemorySample): boolean {
    this.#above = memoryBytes > this.#bytes ? this.#above + 1 : 0;
    return this.#above >= samples && outstanding === 0 && quietMillis >= restMillis;
  }
}
