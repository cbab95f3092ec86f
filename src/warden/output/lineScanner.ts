import { performance } from 'node:perf_hooks';
import { stripVTControlCharacters } from 'node:util';
import type { LinePattern } from '../../protocol/patterns.ts';

/** How long one turn of the event loop may be spent on this, in milliseconds. */
const turnMillis = 4;
/** A line without an end is searched again after so long at the latest, in milliseconds. */
const partialMillis = 50;
/** A line without an end that is no longer than this, in characters, is searched whenever it has grown. */
const shortPartial = 256;
/** Maximum length of text that waits to be searched, in characters; further text is skipped. */
const maxBacklog = 1024 * 1024;

/**
 * Finds a pattern in lines of output as they come, colours left aside. The work is done in short slices, so that no amount of output
 * holds up what else this process has to do. In lines that are longer than the pattern's `maxText`, matches are found that are no
 * longer than a quarter of that.
 */
export class LineScanner {
  readonly #pattern: LinePattern;
  readonly #onMatch: (line: string) => void;
  readonly #decoder = new TextDecoder();
  #backlog = '';
  /** Whether the backlog begins where a line does; else its first character is context. */
  #atLineStart = true;
  /** How much of the last line, which has no end yet, has been searched. */
  #partialSearched = 0;
  #skipped = 0;
  #isSkipping = false;
  #spentMillis = 0;
  /** Whether there are whole lines, or pieces of a long one, that were not searched yet. */
  #isUnfinished = false;
  #next: NodeJS.Immediate | undefined;
  #partialDue: NodeJS.Timeout | undefined;

  /** `onMatch` is called with each line, or piece of a long line, in which the pattern is found. */
  constructor(pattern: LinePattern, onMatch: (line: string) => void) {
    this.#pattern = pattern;
    this.#onMatch = onMatch;
  }

  /** Bytes that were skipped, because they came faster than they could be searched. */
  get skippedBytes(): number {
    return this.#skipped;
  }

  add(chunk: Buffer): void {
    if (this.#backlog.length > maxBacklog) {
      this.#skipped += chunk.length;
      this.#isSkipping = true;
      return;
    }
    if (this.#isSkipping) {
      // What comes now does not continue what is there.
      this.#isSkipping = false;
      this.#backlog += '\n';
    }
    this.#backlog += this.#decoder.decode(chunk, { stream: true });
    this.#scan();
  }

  /** So many bytes come before the next chunk, and are not to be searched. */
  skip(bytes: number): void {
    this.#skipped += bytes;
    this.#isSkipping = true;
  }

  /** Forgets what is waiting; `last` is what was printed last, so that it is known whether the next chunk begins a line. */
  forget(last?: Buffer): void {
    clearImmediate(this.#next);
    clearTimeout(this.#partialDue);
    this.#next = undefined;
    this.#partialDue = undefined;
    this.#isUnfinished = false;
    this.#spentMillis = 0;
    const ending = last === undefined ? this.#backlog.at(-1) : String.fromCharCode(last.at(-1) ?? 10);
    this.#atLineStart = ending === undefined ? this.#atLineStart : /[\r\n]/.test(ending);
    this.#backlog = this.#atLineStart ? '' : (ending ?? '');
    this.#partialSearched = 0;
  }

  /** Searches what has come so far, a line without an end too, as far as one slice goes. */
  flush(): void {
    this.#spentMillis = 0;
    this.#scan();
    if (!this.#isUnfinished) this.#searchPartial(true);
  }

  #scan(): void {
    const began = performance.now();
    do this.#isUnfinished = this.#searchNext();
    while (this.#isUnfinished && this.#spentMillis + performance.now() - began < turnMillis);
    this.#spentMillis += performance.now() - began;
    this.#next ??= setImmediate(() => {
      this.#next = undefined;
      this.#spentMillis = 0;
      if (this.#isUnfinished) this.#scan();
    });
  }

  /** Searches a line, or a piece of one; false where there is none to be searched now. */
  #searchNext(): boolean {
    const { maxText } = this.#pattern;
    const text = this.#backlog;
    const wasLineStart = this.#atLineStart;
    const end = text.slice(0, maxText + 1).search(/[\r\n]/);
    if (end >= 0) {
      this.#moveTo(end + 1, true);
      this.#match(text.slice(0, end), wasLineStart, true);
      return true;
    }
    if (text.length <= maxText) return this.#searchPartial(false);
    this.#moveTo(maxText - Math.floor(maxText / 4), false);
    this.#match(text.slice(0, maxText), wasLineStart, false);
    return true;
  }

  #moveTo(position: number, atLineStart: boolean): void {
    this.#backlog = this.#backlog.slice(position);
    this.#atLineStart = atLineStart;
    this.#partialSearched = 0;
  }

  /** A prompt waits on its line. To search that at each of its letters would take quadratic time. */
  #searchPartial(isDue: boolean): false {
    const { length } = this.#backlog;
    if (length <= this.#partialSearched) return false;
    if (isDue || length <= shortPartial || length >= 1.25 * this.#partialSearched) {
      this.#partialSearched = length;
      this.#match(this.#backlog, this.#atLineStart, true);
    } else {
      this.#partialDue ??= setTimeout(() => {
        this.#partialDue = undefined;
        this.#searchPartial(true);
      }, partialMillis).unref();
    }
    return false;
  }

  #match(text: string, isBeginning: boolean, isEnd: boolean): void {
    if (text === '' && !isBeginning) return;
    const plain = text.includes('\u001b') || text.includes('\u009b') ? stripVTControlCharacters(text) : text;
    if (this.#pattern.test(plain, isBeginning, isEnd)) this.#onMatch(plain);
  }
}
