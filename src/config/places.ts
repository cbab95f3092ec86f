/** A stretch of a text as editors count: zero-based; people are shown one more. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** Where offsets of one text are, in lines as VS Code divides it. */
export class Places {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let offset = 0; offset < text.length; offset++) {
      const code = text.charCodeAt(offset);
      const ends = code === lineFeed || (code === carriageReturn && text.charCodeAt(offset + 1) !== lineFeed);
      if (ends) this.#starts.push(offset + 1);
    }
  }

  of({ offset, length }: { readonly offset: number; readonly length: number }): Place {
    const start = this.#at(offset);
    const end = this.#at(offset + length);
    return { line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
  }

  /** By halving: a file of mistakes asks for many. */
  #at(offset: number): { readonly line: number; readonly column: number } {
    let line = 0;
    for (let after = this.#starts.length; line + 1 < after; ) {
      const middle = (line + after) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) line = middle;
      else after = middle;
    }
    return { line, column: offset - (this.#starts[line] ?? 0) };
  }
}

const lineFeed = 10;
const carriageReturn = 13;
