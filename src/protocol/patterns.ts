/** Regular expressions that users write, run by an engine that takes linear time (RE2), because they run in the warden. */
import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';

/** Longest pattern, in characters. */
const maxLength = 1000;
/** Most characters times repetitions: what it compiles to is about as large. */
const maxExpansion = 20_000;
/** Most instructions that a pattern may compile to. */
const maxSize = 1000;
/** Maximum number of steps, about 40 ms: in the worst case such an engine visits every instruction for every character. */
const maxSteps = 500_000;
/** Longest text that is searched at once, in characters. */
const longestText = 64 * 1024;

const lookaround = /\(\?<?[=!]/;
const backReference = /\\[1-9]|\\k</;

/** A compiled pattern. `^` and `$` stand for the ends of the text. */
export class LinePattern {
  readonly text: string;
  /** No longer text may be searched at once, in characters: together with the pattern's size, it bounds the time. */
  readonly maxText: number;
  readonly #source: string;
  readonly #whole: RE2JS;
  /** For pieces of a text, by which of its ends they have. */
  readonly #ofPieces = new Map<string, RE2JS>();

  /** @throws RangeError with a clause that says what is wrong: "has a lookahead, …". */
  constructor(text: string) {
    this.text = text;
    if (text.length > maxLength) throw new RangeError(`is longer than ${maxLength} characters`);
    if (lookaround.test(withoutEscapes(text)))
      throw new RangeError('has a lookahead or lookbehind, which takes unlimited time on some lines and is not supported');
    if (backReference.test(text.replaceAll('\\\\', '')))
      throw new RangeError('has a back reference, which takes unlimited time on some lines and is not supported');
    if (expansionOf(text) > maxExpansion) throw new RangeError('is too large: it repeats too much');
    const { RE2JS } = loadEngine();
    try {
      this.#source = RE2JS.translateRegExp(text);
      this.#whole = RE2JS.compile(this.#source);
    } catch (error) {
      throw new RangeError(`must be a regular expression: ${messageOf(error)}`);
    }
    const size = this.#whole.programSize();
    if (size > maxSize) throw new RangeError('is too large: it repeats too much');
    this.maxText = Math.min(longestText, Math.floor(maxSteps / size));
  }

  /**
   * Whether it is found there. Of a piece of a text, the first and the last character only say what surrounds it, where the piece is not
   * the beginning or the end.
   */
  test(piece: string, isBeginning = true, isEnd = true): boolean {
    return this.#for(isBeginning, isEnd).test(piece);
  }

  /** What its first group has taken; undefined where there is none, or the pattern is not found. */
  firstGroup(line: string): string | undefined {
    if (!this.#whole.test(line)) return undefined;
    const found = this.#whole.matcher(line);
    return found.find() && found.groupCount() > 0 ? (found.group(1) ?? undefined) : undefined;
  }

  #for(isBeginning: boolean, isEnd: boolean): RE2JS {
    if (isBeginning && isEnd) return this.#whole;
    const any = '(?s:.)';
    const source = `${isBeginning ? '' : any}(?:${this.#source})${isEnd ? '' : any}`;
    const compiled = this.#ofPieces.get(source) ?? loadEngine().RE2JS.compile(source);
    this.#ofPieces.set(source, compiled);
    return compiled;
  }
}

/** What is wrong with a pattern, as a clause; undefined where nothing is. */
export function patternProblem(text: string): string | undefined {
  try {
    new LinePattern(text);
    return undefined;
  } catch (error) {
    return (error as RangeError).message;
  }
}

/** At the first pattern: most files have none, and the engine is as large as a whole warden. Bundled, it lies beside the bundle. */
function loadEngine(): typeof import('re2js') {
  return typeof require === 'undefined' ? createRequire(import.meta.url)('re2js') : require('re2js');
}

/** Without what a backslash or a class takes the meaning from. */
function withoutEscapes(text: string): string {
  return text.replaceAll(/\\./gs, '').replaceAll(/\[[^\]]*\]/g, '');
}

function expansionOf(text: string): number {
  const counts = [...text.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].map(([, least, most]) => Math.max(Number(least), Number(most ?? 0)));
  return text.length * counts.reduce((sum, count) => sum + count, 1);
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/^error parsing regexp: /, '');
}
