/** Globs that users write for files of a workspace: compiled once, matched against paths below the workspace folder. */
import { createRequire } from 'node:module';
import type picomatch from 'picomatch';

/** Maximum length of a pattern, in characters. */
const maxLength = 500;
/** Maximum number of wildcards in a pattern: the time of a match grows with it. */
const maxWildcards = 20;

/**
 * No extended globs, because nested ones can take exponential time. `debug` has an invalid character class fail: by default it becomes a pattern that
 * matches nothing.
 */
const options = { windows: false, nonegate: true, noextglob: true, strictBrackets: true, debug: true } as const;

/** What is wrong with a pattern, as a clause; undefined where nothing is. */
export function globProblem(written: string): string | undefined {
  const glob = plainOf(written);
  if (written.length > maxLength) return `must be at most ${maxLength} characters long`;
  if (written.includes('\0')) return 'must not contain a NUL character';
  if (written.includes('\\')) return 'must have / between folders, not \\';
  if (glob.startsWith('!')) return 'must have one ! at most';
  if (/^(?:\/|~|[a-z]:)/i.test(glob) || glob.split('/').includes('..'))
    return `'${glob}' is outside of the workspace: patterns are relative to the workspace folder`;
  if (glob === '') return 'must not be empty';
  if ((glob.match(/\*+|\?|\[/g) ?? []).length > maxWildcards) return `must have at most ${maxWildcards} wildcards`;
  try {
    loadEngine().makeRe(glob, options);
    return undefined;
  } catch (error) {
    return `is not a glob: ${reasonOf(error)}`;
  }
}

/** Whether it takes files away from those that other patterns match. */
export function isNegation(written: string): boolean {
  return written.trim().startsWith('!');
}

/**
 * A list of patterns. A path matches where one of them does, and no negation, which begins with `!`; the order does not count. A pattern whose last part
 * is a plain name stands for all that is below it, too. Hidden files match only where the pattern names them.
 */
export class GlobSet {
  readonly #included: readonly picomatch.Matcher[];
  readonly #excluded: readonly picomatch.Matcher[];
  /** Folders below which matches can be; empty: the whole folder. */
  readonly #bases: readonly string[];

  /** @throws Error where one of them has a {@link globProblem}. */
  constructor(patterns: readonly string[]) {
    for (const written of patterns) {
      const problem = globProblem(written);
      if (problem !== undefined) throw new Error(`"${written.slice(0, maxLength)}" ${problem}`);
    }
    const engine = loadEngine();
    const positive = patterns.filter((written) => !isNegation(written)).map(plainOf);
    const compiled = (glob: string, dot: boolean): picomatch.Matcher => engine(withAllBelow(glob), { ...options, dot });
    this.#included = positive.map((glob) => compiled(glob, false));
    this.#excluded = patterns.filter(isNegation).map((written) => compiled(plainOf(written), true));
    this.#bases = positive.map((glob) => engine.scan(glob, options).base);
  }

  /** @param path From the workspace folder, with slashes. */
  matches(path: string): boolean {
    return this.#included.some((matches) => matches(path)) && !this.#excluded.some((matches) => matches(path));
  }

  /** Whether there can be matches below a folder. @param folder From the workspace folder, with slashes; '' is the workspace folder. */
  mayMatchBelow(folder: string): boolean {
    const isIn = (inner: string, outer: string): boolean => outer === '' || inner === outer || inner.startsWith(`${outer}/`);
    return this.#bases.some((base) => isIn(folder, base) || isIn(base, folder));
  }
}

/** At the first pattern: most files have none. Bundled, it lies beside the bundle. */
function loadEngine(): typeof picomatch {
  return typeof require === 'undefined' ? createRequire(import.meta.url)('picomatch') : require('picomatch');
}

function plainOf(written: string): string {
  return written
    .trim()
    .replace(/^!/, '')
    .replace(/^(?:\.\/+)+/, '')
    .replace(/\/+$/, (slashes, offset: number) => (offset === 0 ? slashes : ''));
}

function withAllBelow(glob: string): string[] {
  const last = glob.split('/').at(-1) ?? '';
  return /[*?[{]/.test(last) ? [glob] : [glob, `${glob}/**`];
}

/** Without the advice to escape characters, which is not for JSON. */
function reasonOf(error: unknown): string {
  const [reason = ''] = (error instanceof Error ? error.message : String(error)).split(' - ');
  return reason.charAt(0).toLowerCase() + reason.slice(1);
}
