import { StringDecoder } from 'node:string_decoder';

/** How long the beginning of a line is held back, in milliseconds: most lines are whole by then. */
const partialMillis = 150;
/** No more of an unfinished line is held back, in characters. */
const maxHeld = 4096;
/** What stands in front of the rest of a line that another process has interrupted. */
const continuation = '…';

/**
 * Merges what several processes print into one output, each line with the prefix of its process. A line is kept whole, unless it is
 * unfinished for long or is long: then what there is of it is passed on, and goes on on the same line if no other process has printed
 * meanwhile.
 */
export class MergedOutput {
  readonly #write: (text: string) => Promise<void>;
  /** The last line of the output has no end yet, and is this process's. */
  #open: PrefixedLines | undefined;

  /** `write` resolves when the output takes more. */
  constructor(write: (text: string) => Promise<void>) {
    this.#write = write;
  }

  prefixed(prefix: string): PrefixedLines {
    const lines: PrefixedLines = new PrefixedLines({
      prefix,
      isOpen: () => this.#open === lines,
      print: (text, isFinished) => {
        const interrupted = this.#open !== undefined && this.#open !== lines;
        this.#open = isFinished ? undefined : lines;
        return this.#write(interrupted ? `\n${text}` : text);
      },
    });
    return lines;
  }
}

interface Output {
  readonly prefix: string;
  /** Whether the last line of the output is an unfinished one of this process. */
  isOpen(): boolean;
  print(text: string, isFinished: boolean): Promise<void>;
}

/** What one process prints. */
export class PrefixedLines {
  readonly #output: Output;
  readonly #decoder = new StringDecoder('utf8');
  /** The end of the last line, so far as it was not passed on. */
  readonly #held: string[] = [];
  #heldLength = 0;
  /** Part of the last line was passed on. */
  #isBegun = false;
  #due: NodeJS.Timeout | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Resolves when the output takes more. */
  async add(chunk: Buffer): Promise<void> {
    await this.#add(this.#decoder.write(chunk));
  }

  /** The process prints nothing more; `last` is a line about that, if there is one. */
  async end(last?: string): Promise<void> {
    const rest = this.#decoder.end();
    const isUnfinished = rest !== '' || this.#heldLength > 0 || this.#isBegun;
    const text = `${rest}${isUnfinished ? '\n' : ''}${last === undefined ? '' : `${last}\n`}`;
    if (text !== '') await this.#add(text);
  }

  async #add(text: string): Promise<void> {
    const end = text.lastIndexOf('\n');
    if (end < 0) return await this.#hold(text);
    const [first = '', ...others] = text.slice(0, end).split('\n');
    const finished = this.#finish(this.#release() + first) + others.map((line) => this.#line(line)).join('');
    // A line that was interrupted may turn out to have been complete.
    const printed = finished === '' ? undefined : this.#output.print(finished, true);
    // The next chunk may come before the output takes more.
    await Promise.all([printed, this.#hold(text.slice(end + 1))]);
  }

  async #hold(text: string): Promise<void> {
    if (text === '') return;
    this.#held.push(text);
    this.#heldLength += text.length;
    if (this.#heldLength > maxHeld) await this.#passOn();
    else this.#due ??= setTimeout(() => void this.#passOn(), partialMillis);
  }

  /** Prints what there is of the last line, except a carriage return that may be the first half of its end. */
  async #passOn(): Promise<void> {
    const text = this.#release();
    const [kept] = text.match(/\r?$/) ?? [''];
    const printed = text.slice(0, text.length - kept.length);
    if (kept !== '') {
      this.#held.push(kept);
      this.#heldLength = kept.length;
    }
    if (printed === '') return;
    const start = this.#startOfPiece();
    this.#isBegun = true;
    await this.#output.print(start + printed, false);
  }

  /** The end of a line of which part may be printed already. */
  #finish(text: string): string {
    const line = text.replace(/\r$/, '');
    if (this.#isBegun && line === '' && !this.#output.isOpen()) {
      this.#isBegun = false;
      return '';
    }
    const start = this.#startOfPiece();
    this.#isBegun = false;
    return `${start}${line}\n`;
  }

  #startOfPiece(): string {
    if (!this.#isBegun) return this.#output.prefix;
    return this.#output.isOpen() ? '' : `${this.#output.prefix}${continuation}`;
  }

  #line(text: string): string {
    return `${this.#output.prefix}${text.replace(/\r$/, '')}\n`;
  }

  #release(): string {
    clearTimeout(this.#due);
    this.#due = undefined;
    const text = this.#held.join('');
    this.#held.length = 0;
    this.#heldLength = 0;
    return text;
  }
}
