/** What of a file is not taken over, by the path of its keys: `shutdown.send_keys`. In the order in which it is met, each once. */
export class Notes {
  readonly #reasons = new Map<string, string>();

  /** @param why A clause. */
  leave(key: string, why: string): void {
    if (!this.#reasons.has(key)) this.#reasons.set(key, why);
  }

  get lines(): readonly string[] {
    return Array.from(this.#reasons, ([key, why]) => `${key}: ${why}`);
  }
}
