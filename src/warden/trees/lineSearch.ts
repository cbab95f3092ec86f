import type { LinePattern } from '../../protocol/patterns.ts';
import { LineScanner } from '../output/lineScanner.ts';

/** Looks for a pattern in lines of output as they come; once it is found, nothing is searched until that has been asked for. */
export class LineSearch {
  readonly #scanner: LineScanner;
  #seen = false;
  #onSeen: (() => void) | undefined;

  constructor(pattern: LinePattern) {
    this.#scanner = new LineScanner(pattern, () => this.#found());
  }

  /** See {@link LineScanner.skippedBytes}. */
  get skippedBytes(): number {
    return this.#scanner.skippedBytes;
  }

  /** A prompt that waits on its line counts, too. `skipped` bytes before it cannot be searched. */
  add(chunk: Buffer, skipped = 0): void {
    if (skipped > 0 && !this.#seen) this.#scanner.skip(skipped);
    if (this.#seen) this.#scanner.forget(chunk);
    else this.#scanner.add(chunk);
  }

  /** Resolves when it is seen for the first time, or when `signal` says that no caller waits any more. */
  async first(signal: AbortSignal): Promise<void> {
    if (this.#seen || signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#onSeen = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Whether it was seen since this was asked last. */
  take(): boolean {
    if (!this.#seen) this.#scanner.flush();
    const seen = this.#seen;
    this.#seen = false;
    return seen;
  }

  /** Nothing is searched any more. */
  dispose(): void {
    this.#scanner.forget();
  }

  #found(): void {
    this.#seen = true;
    this.#scanner.forget();
    this.#onSeen?.();
  }
}
