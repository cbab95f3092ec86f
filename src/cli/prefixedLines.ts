import { StringDecoder } from 'node:string_decoder';

/** Cuts a stream of bytes into whole lines with a prefix each. */
export class PrefixedLines {
  readonly #prefix: string;
  readonly #decoder = new StringDecoder('utf8');
  #partial = '';

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The lines that are complete with this chunk. */
  add(chunk: Buffer): string {
    const parts = (this.#partial + this.#decoder.write(chunk)).split('\n');
    this.#partial = parts.pop() ?? '';
    return parts.map((line) => `${this.#prefix}${line.replace(/\r$/, '')}\n`).join('');
  }

  /** The last line, where the stream did not end with one. */
  rest(): string {
    const last = this.#partial + this.#decoder.end();
    this.#partial = '';
    return last === '' ? '' : `${this.#prefix}${last}\n`;
  }
}
