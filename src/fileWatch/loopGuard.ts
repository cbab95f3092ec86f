/** Number of actions in a row that make a loop. */
export const loopLength = 10;
/** An action that follows the last one later than this was not caused by it, in milliseconds. */
const maxIntervalMillis = 30_000;
/** The intervals of a loop differ by this at most, in milliseconds, or by this share of their mean: a program takes about the same time each time, a person does not. */
const maxSpread = { millis: 1000, share: 0.2 } as const;

interface Action {
  readonly at: number;
  readonly files: ReadonlySet<string>;
}

/** Finds processes that change, at each start, a file that restarts them. */
export class LoopGuard {
  #actions: readonly Action[] = [];

  /**
   * A change is acted on.
   * @param now By a monotonic clock, in milliseconds.
   * @returns The file that has changed each time, where the last {@link loopLength} actions were a loop.
   */
  acted(now: number, files: readonly string[]): string | undefined {
    this.#actions = [...this.#actions, { at: now, files: new Set(files) }].slice(-loopLength);
    if (this.#actions.length < loopLength) return undefined;
    const intervals = this.#actions.slice(1).map(({ at }, index) => at - (this.#actions[index]?.at ?? at));
    const mean = intervals.reduce((sum, one) => sum + one, 0) / intervals.length;
    const spread = Math.max(...intervals) - Math.min(...intervals);
    if (Math.max(...intervals) > maxIntervalMillis || spread > Math.max(maxSpread.millis, maxSpread.share * mean)) return undefined;
    return files.find((file) => this.#actions.every((action) => action.files.has(file)));
  }
}
