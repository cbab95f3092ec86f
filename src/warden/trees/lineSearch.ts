import { stripVTControlCharacters } from 'node:util';

/** Of a line that has no end, no more is kept. */
const maxLine = 64 * 1024;

/** Looks for a pattern in lines of output as they come, colours left aside. */
export class LineSearch {
  readonly #pattern: RegExp;
  readonly #decoder = new TextDecoder();
  #line = '';
  #seen = false;
  #onSeen: (() => void) | undefined;

  /** @throws SyntaxError where that is no regular expression. */
  constructor(pattern: string) {
    this.#pattern = new RegExp(pattern);
  }

  /** A prompt that waits on its line counts, too. */
  add(chunk: Buffer): void {
    const lines = `${this.#line}${this.#decoder.decode(chunk, { stream: true })}`.split(/\r?\n|\r/);
    if (lines.some((line) => this.#pattern.test(stripVTControlCharacters(line)))) {
      this.#seen = true;
      this.#onSeen?.();
      this.#line = '';
    } else {
      this.#line = (lines.at(-1) ?? '').slice(-maxLine);
    }
  }

  /** Resolves when it is seen for the first time, or when `signal` says that nobody waits any more. */
  async first(signal: AbortSignal): Promise<void> {
    if (this.#seen || signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#onSeen = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Whether it was seen since this was asked last. */
  take(): boolean {
    const seen = this.#seen;
    this.#seen = false;
    return seen;
  }
}
