/** Of conversations, so many are remembered. */
const remembered = 1000;

/** Which instance has had which conversation last. */
export class Homes {
  readonly #instances = new Map<string, number>();

  get(key: string): number | undefined {
    return this.#instances.get(key);
  }

  set(key: string, instance: number): void {
    // The order of a map is that of the first time.
    this.#instances.delete(key);
    this.#instances.set(key, instance);
    const [oldest] = this.#instances.keys();
    if (this.#instances.size > remembered && oldest !== undefined) this.#instances.delete(oldest);
  }
}
