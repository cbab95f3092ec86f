/** Values of environment files: their variables and escapes. */

/** What a variable is set to, or undefined. */
export type EnvLookup = (name: string) => string | undefined;

/** What is wrong with a value, as a clause. */
export class EnvSyntaxError extends Error {}

/** In UTF-16 code units; Linux gives no program a longer one (MAX_ARG_STRLEN), and a few lines that double could make any. */
const maxValueLength = 2 ** 17;
/** How deep defaults may stand within defaults. */
const maxDepth = 20;

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  $: '$',
  '"': '"',
  '\\': '\\',
};
const octal = /0[0-7]{0,3}/y;
const name = /[A-Za-z_]\w*/y;
const operator = /:?[-?+]/y;
const literal = /[^\\$}]+/y;

/**
 * Replaces `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?message}`, `${NAME?message}`, `${NAME:+other}` and `${NAME+other}`
 * in one pass; `$$` is a dollar sign. Between double quotes, escapes such as `\n`, too. A variable that is not set is empty.
 * @throws EnvSyntaxError
 */
export function expandEnvValue(written: string, quoting: 'plain' | 'double', lookUp: EnvLookup): string {
  return new ValueReader(written, quoting, lookUp).read(0, true);
}

class ValueReader {
  readonly #text: string;
  readonly #quoting: 'plain' | 'double';
  readonly #lookUp: EnvLookup;
  #at = 0;

  constructor(text: string, quoting: 'plain' | 'double', lookUp: EnvLookup) {
    this.#text = text;
    this.#quoting = quoting;
    this.#lookUp = lookUp;
  }

  /** To the end, or to the brace that ends a default. `counts`: whether what is read is used. */
  read(depth: number, counts: boolean): string {
    let value = '';
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at];
      if (character === '}' && depth > 0) break;
      if (character === '\\') value += this.#escape();
      else if (character === '$') value += this.#variable(depth, counts);
      else value += this.#take(literal) ?? this.#next();
      if (value.length > maxValueLength) throw new EnvSyntaxError(`the value is longer than ${maxValueLength / 1024} KB`);
    }
    return value;
  }

  #escape(): string {
    this.#at++;
    const character = this.#text[this.#at] ?? '';
    if (this.#quoting === 'plain') return character === '$' ? this.#next() : '\\';
    const digits = this.#take(octal);
    if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 8) & 0xff);
    const meant = Object.hasOwn(escapes, character) ? escapes[character] : undefined;
    if (meant === undefined) return '\\';
    this.#at++;
    return meant;
  }

  #variable(depth: number, counts: boolean): string {
    this.#at++;
    if (this.#text[this.#at] === '$') return this.#next();
    if (this.#text[this.#at] !== '{') {
      const plain = this.#take(name);
      return plain === undefined ? '$' : (this.#lookUp(plain) ?? '');
    }
    const start = this.#at - 1;
    this.#at++;
    const wanted = this.#take(name);
    const sign = wanted === undefined ? undefined : this.#take(operator);
    const value = wanted === undefined ? undefined : this.#lookUp(wanted);
    // With a colon, an empty one is as good as none.
    const isSet = value !== undefined && !(sign?.startsWith(':') && value === '');
    const wantsWord = sign?.endsWith('+') ? isSet : !isSet;
    if (depth >= maxDepth) throw new EnvSyntaxError(`variables are nested more than ${maxDepth} levels deep`);
    const word = sign === undefined ? '' : this.read(depth + 1, counts && wantsWord);
    if (wanted === undefined || this.#next() !== '}')
      throw new EnvSyntaxError(`'${this.#text.slice(start, start + 40)}' is not a variable; write $$ for a dollar sign`);
    switch (sign?.at(-1)) {
      case '?':
        if (counts && !isSet) throw new EnvSyntaxError(`the variable ${wanted} is not set${word ? `: ${word.slice(0, 200)}` : ''}`);
        return value ?? '';
      case '+':
        return wantsWord ? word : '';
      case '-':
        return wantsWord ? word : (value ?? '');
      default:
        return value ?? '';
    }
  }

  #next(): string {
    return this.#text[this.#at++] ?? '';
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}
