/**
 * Environment files as docker compose documents them (docs.docker.com/compose/how-tos/environment-variables/variable-interpolation): quotes,
 * escapes, comments behind white space only, variables with defaults, values of several lines.
 */

import { withoutByteOrderMark } from '../textFile.ts';
import { type EnvLookup, EnvSyntaxError, expandEnvValue } from './envValue.ts';

/** A mistake in an environment file; its message is a clause. */
export class EnvFileError extends Error {
  /** From 1 up. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** What a name may hold: more than a shell takes, because some frameworks do. */
const statement = /(?:export[ \t]+)?([\p{L}\p{N}_.[\]-]+)[^\S\n]*([=:]|(?=#|\n|$))/uy;
const whiteSpace = /\s+/y;
const comment = /#[^\n]*/y;
const indent = /[^\S\n]*/y;
const restOfLine = /[^\n]*/y;
const behindQuote = /[^\S\n]*(?:#[^\n]*)?(?=\n|$)/y;

/**
 * The variables of a file, in its order. `lookUp` knows what is set without it: for values that name another variable, where the file has none
 * of that name before, and for names without a value, which are handed on.
 * @throws EnvFileError that says in which line.
 */
export function parseEnvFile(text: string, lookUp: EnvLookup): ReadonlyMap<string, string> {
  return new EnvFile(withoutByteOrderMark(text).replaceAll('\r\n', '\n'), lookUp).read();
}

class EnvFile {
  readonly #text: string;
  readonly #lookUp: EnvLookup;
  readonly #variables = new Map<string, string>();
  #at = 0;
  #line = 1;

  constructor(text: string, lookUp: EnvLookup) {
    this.#text = text;
    this.#lookUp = lookUp;
  }

  read(): ReadonlyMap<string, string> {
    this.#skipBlank();
    while (this.#at < this.#text.length) {
      const line = this.#line;
      try {
        this.#readStatement();
      } catch (error) {
        if (error instanceof EnvSyntaxError) throw new EnvFileError(line, error.message);
        throw error;
      }
      this.#skipBlank();
    }
    return this.#variables;
  }

  #skipBlank(): void {
    while (this.#take(whiteSpace) || this.#take(comment));
  }

  #readStatement(): void {
    const [, name = '', separator = ''] = this.#take(statement) ?? [];
    if (name === '')
      throw new EnvSyntaxError(`'${clip(this.#take(restOfLine)?.[0] ?? '')}' does not start with the name of a variable and =`);
    if (separator !== '') {
      const value = this.#readValue();
      if (value.includes('\0'))
        throw new EnvSyntaxError(`the value of ${name} contains a NUL character, which cannot be passed to a program`);
      this.#variables.set(name, value);
      return;
    }
    const inherited = this.#known(name);
    if (inherited !== undefined) this.#variables.set(name, inherited);
  }

  #readValue(): string {
    const [space = ''] = this.#take(indent) ?? [];
    const start = this.#at;
    const quote = this.#text[start];
    if (quote !== '"' && quote !== "'") {
      const [rest = ''] = this.#take(restOfLine) ?? [];
      const written = `${space}${rest}`;
      const end = written.search(/\s#/);
      return this.#expand((end < 0 ? written : written.slice(0, end)).trim(), 'plain');
    }
    const end = endOfQuote(this.#text, start + 1, quote);
    if (end < 0) throw new EnvSyntaxError(`the value begins with ${quote}, which is never closed`);
    const inside = this.#text.slice(start + 1, end);
    this.#moveTo(end + 1);
    if (!this.#take(behindQuote)) throw new EnvSyntaxError(`only a comment may follow the closing ${quote} of the value`);
    return quote === '"' ? this.#expand(inside, 'double') : inside.replaceAll(/\\(\\|')/g, (pair, second) => (second === "'" ? "'" : pair));
  }

  #expand(written: string, quoting: 'plain' | 'double'): string {
    return expandEnvValue(written, quoting, (name) => this.#known(name));
  }

  #known(name: string): string | undefined {
    return this.#variables.get(name) ?? this.#lookUp(name);
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (!found) return undefined;
    this.#moveTo(this.#at + found[0].length);
    return found;
  }

  #moveTo(offset: number): void {
    for (let at = this.#text.indexOf('\n', this.#at); at >= 0 && at < offset; at = this.#text.indexOf('\n', at + 1)) this.#line++;
    this.#at = offset;
  }
}

/** A backslash takes the next character with it. */
function endOfQuote(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === quote) return at;
  }
  return -1;
}

function clip(text: string): string {
  const shown = text.slice(0, 40).replaceAll(/\p{C}/gu, '?');
  return text.length > 40 ? `${shown}…` : shown;
}
