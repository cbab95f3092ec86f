import { LinePattern } from '../../protocol/patterns.ts';
import { LineScanner } from '../output/lineScanner.ts';

/** A line that is longer is no progress. */
const longestLine = 1000;

/** Reads from the output of a server how much of its model is loaded. */
export class LoadProgress {
  readonly #scanner: LineScanner;

  /**
   * @param pattern For a line: its first group is a percentage, or has one sign for each percent.
   * @param onProgress Called with percents, as they are printed.
   * @throws RangeError where that is no pattern.
   */
  constructor(pattern: string, onProgress: (percent: number) => void) {
    const compiled = new LinePattern(pattern);
    const longest = Math.min(longestLine, compiled.maxText);
    this.#scanner = new LineScanner(compiled, (line) => {
      const matched = line.length <= longest ? compiled.firstGroup(line) : undefined;
      if (matched === undefined) return;
      const percent = /^\d/.test(matched) ? Number.parseFloat(matched) : matched.length;
      onProgress(Math.min(100, percent));
    });
  }

  add(printed: Buffer): void {
    this.#scanner.add(printed);
  }

  /** Nothing is read any more. */
  dispose(): void {
    this.#scanner.forget();
  }
}
