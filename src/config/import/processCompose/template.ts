/**
 * The templates of Go (https://pkg.go.dev/text/template) as far as files of process-compose need them: variables, texts, if and else, and, or, not, eq.
 * What goes beyond that is noted.
 */
import type { Notes } from './notes.ts';

/** By name. */
export type TemplateValues = Readonly<Record<string, unknown>>;

interface TemplateContext {
  readonly vars: TemplateValues;
  readonly dotenv: ReadonlyMap<string, string>;
  readonly notes: Notes;
}

/** Maximum number of actions in one text, and of words in one action. */
const maxActions = 200;
const maxWords = 50;

class TemplateError extends Error {}

/** Undefined where the text cannot be rendered, which is noted. */
export function renderTemplate(text: string, key: string, { vars, dotenv, notes }: TemplateContext): string | undefined {
  if (!text.includes('{{')) return text;
  try {
    return new Template(text, vars, dotenv).render();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    notes.leave(key, `its template cannot be filled in: ${error.message}`);
    return undefined;
  }
}

const word = /\s*("(?:[^"\\]|\\.)*"|`[^`]*`|\.?[\w.]+|\S)/y;

type Part = { readonly text: string } | { readonly words: readonly string[] };

class Template {
  readonly #parts: readonly Part[];
  readonly #vars: TemplateValues;
  readonly #dotenv: ReadonlyMap<string, string>;
  #at = 0;

  constructor(text: string, vars: TemplateValues, dotenv: ReadonlyMap<string, string>) {
    this.#parts = partsOf(text);
    this.#vars = vars;
    this.#dotenv = dotenv;
  }

  render(): string {
    const { text, end } = this.#until();
    if (end !== undefined) throw new TemplateError(`there is no beginning before {{${end}}}`);
    return text;
  }

  /** Up to an `else` or `end` that belongs to an action before. */
  #until(): { readonly text: string; readonly end?: string } {
    let text = '';
    while (this.#at < this.#parts.length) {
      const part = this.#parts[this.#at++];
      if (part === undefined) break;
      if ('text' in part) text += part.text;
      else if (part.words[0] === 'end' || part.words[0] === 'else') return { text, end: part.words.join(' ') };
      else if (part.words[0] === 'if') text += this.#either(part.words.slice(1));
      else text += shown(this.#value(part.words));
    }
    return { text };
  }

  #either(condition: readonly string[]): string {
    const isTrue = isTruthy(this.#value(condition));
    const first = this.#until();
    if (first.end?.startsWith('else if ')) {
      const other = this.#either(first.end.split(' ').slice(2));
      return isTrue ? first.text : other;
    }
    const second = first.end === 'else' ? this.#until() : { text: '', end: first.end };
    if (second.end !== 'end') throw new TemplateError('an {{if}} has no {{end}}');
    return isTrue ? first.text : second.text;
  }

  #value(words: readonly string[]): unknown {
    const [name = '', ...rest] = words;
    const values = (): unknown[] => rest.map((one) => this.#operand(one));
    switch (rest.length > 0 ? name : '') {
      case 'and':
        return values().reduce((found, one) => (isTruthy(found) ? one : found));
      case 'or':
        return values().reduce((found, one) => (isTruthy(found) ? found : one));
      case 'not':
        return !isTruthy(values()[0]);
      case 'eq':
        return values()
          .slice(1)
          .some((one) => one === values()[0]);
      case '':
        return this.#operand(name);
      default:
        throw new TemplateError(`{{${words.join(' ')}}} is more than is understood here`);
    }
  }

  #operand(written: string): unknown {
    if (written.startsWith('`')) return this.#filled(written.slice(1, -1));
    if (written.startsWith('"')) return this.#filled(unquoted(written));
    if (written === 'true' || written === 'false') return written === 'true';
    if (/^-?\d+$/.test(written)) return Number(written);
    const [, name] = written.match(/^\.(\w+)$/) ?? [];
    if (name === undefined) throw new TemplateError(`${written} is more than is understood here`);
    if (!Object.hasOwn(this.#vars, name)) throw new TemplateError(`there is no variable ${written}`);
    return this.#vars[name];
  }

  /** The environment is put in before: here, what `.env` sets, and nothing for the rest. */
  #filled(text: string): string {
    return text.replaceAll(/\$\{(\w+)\}/g, (_whole, name: string) => this.#dotenv.get(name) ?? '');
  }
}

/** Texts and actions in turn, read once from the beginning to the end. What begins like an action and has no end is text. */
function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  let isTrimmed = false;
  for (;;) {
    const begin = text.indexOf('{{', at);
    const end = begin < 0 ? -1 : endOfAction(text, begin + 2);
    const written = text.slice(at, end < 0 ? undefined : begin);
    const begun = isTrimmed ? written.trimStart() : written;
    if (end < 0) return [...parts, { text: begun }];
    const inside = text.slice(begin + 2, end);
    const [trimsBefore, trimsBehind] = [/^-\s/.test(inside), /\s-$/.test(inside)];
    parts.push(
      { text: trimsBefore ? begun.trimEnd() : begun },
      { words: wordsOf(inside.slice(trimsBefore ? 1 : 0, trimsBehind ? -1 : undefined)) },
    );
    if (parts.length > 2 * maxActions) throw new TemplateError(`it has more than ${maxActions} actions`);
    isTrimmed = trimsBehind;
    at = end + 2;
  }
}

/** Where the braces of an action close; they may also stand in a text within it. -1 where they do not. */
function endOfAction(text: string, from: number): number {
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (quote === '"' && character === '\\') at++;
    else if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === '`') quote = character;
    else if (character === '}' && text[at + 1] === '}') return at;
  }
  return -1;
}

function wordsOf(inside: string): string[] {
  const words: string[] = [];
  word.lastIndex = 0;
  for (let found = word.exec(inside); found !== null; found = word.exec(inside)) {
    words.push(found[1] ?? '');
    if (words.length > maxWords) throw new TemplateError(`an action has more than ${maxWords} words`);
  }
  return words;
}

function unquoted(written: string): string {
  try {
    return JSON.parse(written) as string;
  } catch {
    throw new TemplateError(`${written} is no text`);
  }
}

function isTruthy(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== '';
}

function shown(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TemplateError('a variable is neither a text nor a number');
}
