/** A line that is longer is no progress. */
const longestLine = 1000;

/** Reads from the output of a server how much of its model is loaded. */
export class LoadProgress {
  readonly #pattern: RegExp;
  #line = '';

  /** @param pattern For a line: its first group is a percentage, or has one sign for each percent. */
  constructor(pattern: string) {
    this.#pattern = new RegExp(pattern);
  }

  /** Percent, by what has been printed now; undefined where that says nothing of it. */
  add(printed: string): number | undefined {
    const lines = `${this.#line}${printed}`.split(/[\r\n]+/);
    this.#line = lines.at(-1)?.slice(0, longestLine) ?? '';
    return lines.map((line) => this.#percentIn(line)).findLast((percent) => percent !== undefined);
  }

  #percentIn(line: string): number | undefined {
    const [, said] = line.match(this.#pattern) ?? [];
    if (said === undefined) return undefined;
    return Math.min(100, /^\d/.test(said) ? Number(said) : said.length);
  }
}
