import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/**
 * The lines of a stream, without their line breaks (`\n` or `\r\n`). A loop that is left loses nothing: the next one goes on behind the last line
 * that it was given.
 */
export class Lines implements AsyncIterable<string> {
  readonly #source: Readable;
  readonly #decoder = new StringDecoder('utf8');
  /** Complete lines that no loop has been given. */
  #lines: string[] = [];
  /** The beginning of the next line. */
  #begun = '';

  constructor(source: Readable) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, void> {
    yield* this.#take();
    for await (const chunk of this.#source.iterator({ destroyOnReturn: false })) {
      this.#add(typeof chunk === 'string' ? chunk : this.#decoder.write(chunk as Buffer));
      yield* this.#take();
    }
    const last = this.#begun + this.#decoder.end();
    this.#begun = '';
    if (last !== '') yield last;
  }

  #add(text: string): void {
    const [first = '', ...others] = text.split('\n');
    this.#begun += first;
    for (const next of others) {
      this.#lines.push(this.#begun.endsWith('\r') ? this.#begun.slice(0, -1) : this.#begun);
      this.#begun = next;
    }
  }

  *#take(): Generator<string, void, void> {
    const lines = this.#lines;
    this.#lines = [];
    let given = 0;
    try {
      for (const line of lines) {
        given++;
        yield line;
      }
    } finally {
      this.#lines = [...lines.slice(given), ...this.#lines];
    }
  }
}
