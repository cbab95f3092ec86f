/** Maximum number of automatic restarts, and the time in milliseconds that they are counted over: as `vscode-languageclient` has it. */
export const restartBudget = { starts: 5, withinMillis: 3 * 60_000 } as const;

/** Bounds how often one thing, such as a warden or a gateway, is restarted automatically. */
export class RestartBudget {
  readonly #budget: { readonly starts: number; readonly withinMillis: number };
  #starts: readonly number[] = [];

  constructor(budget: { readonly starts: number; readonly withinMillis: number } = restartBudget) {
    this.#budget = budget;
  }

  /** Whether one more start is allowed now, by performance.now(); it counts if so. */
  take(now = performance.now()): boolean {
    const { starts, withinMillis } = this.#budget;
    this.#starts = this.#starts.filter((at) => now - at < withinMillis);
    if (this.#starts.length >= starts) return false;
    this.#starts = [...this.#starts, now];
    return true;
  }

  /** A user wants it started: what was before counts no more. */
  reset(): void {
    this.#starts = [];
  }

  /** For people: `5 times in 3 minutes`. */
  get description(): string {
    const { starts, withinMillis } = this.#budget;
    return `${starts} times in ${withinMillis / 60_000} minutes`;
  }
}
