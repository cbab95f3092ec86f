/** Longest time between two samples that covers what is between them, in milliseconds: a warden that no client watches samples this often. */
const maxGapMillis = 20_000;
/** Minimum part of a run that is covered. */
const minPart = 0.9;

/** Whether a run was sampled often enough for its highest figure to mean something. Bounded: it keeps a sum. */
export class Coverage {
  #firstAt: number | undefined;
  #lastAt = 0;
  #coveredMillis = 0;

  /** A sample was taken, in milliseconds since 1970. */
  add(at: number): void {
    if (this.#firstAt === undefined) this.#firstAt = at;
    else this.#coveredMillis += covered(at - this.#lastAt);
    this.#lastAt = at;
  }

  /** False without a sample. */
  covers(startedAt: number, endedAt: number): boolean {
    if (this.#firstAt === undefined) return false;
    const millis = this.#coveredMillis + covered(this.#firstAt - startedAt) + covered(endedAt - this.#lastAt);
    return millis >= minPart * (endedAt - startedAt);
  }
}

function covered(gapMillis: number): number {
  return Math.min(maxGapMillis, Math.max(0, gapMillis));
}
