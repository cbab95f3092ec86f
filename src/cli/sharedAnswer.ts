/** One question for all that is asked while it is under way: a piece of news may have many ask the same. */
export class SharedAnswer<T> {
  readonly #ask: () => Promise<T>;
  #pending: Promise<T> | undefined;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  /** Rejects as the question does. */
  get(): Promise<T> {
    this.#pending ??= this.#ask().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }
}
