/** Everything that commands say to a person in their own words; what a tree has printed goes by `writeOut`, as it is. */
import { visible } from '../protocol/visible.ts';

/** A line on stdout. */
export function say(line: string): void {
  process.stdout.write(`${visible(line)}\n`);
}

/** Lines on stdout. */
export function sayAll(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${visible(line)}\n`).join(''));
}

/** For programs, on stdout: JSON escapes what has to be. */
export function sayJson(value: unknown, indent?: number): void {
  process.stdout.write(`${JSON.stringify(value, null, indent)}\n`);
}

/** What is wrong, or is to be known beside the result, on stderr; `lines` are quoted below it. */
export function complain(sentence: string, ...lines: readonly string[]): void {
  process.stderr.write(`tree-warden: ${[sentence, ...lines].map(visible).join('\n')}\n`);
}

/** As {@link complain}, about one of several processes: behind its prefix, which is printed as it is. */
export function complainBehind(prefix: string, sentence: string): void {
  process.stderr.write(`${prefix}${visible(sentence)}\n`);
}

/** Stands on stderr in front of what a person types, and behind it where the terminal has shown no end of the line. */
export function prompt(text: string): void {
  process.stderr.write(text === '\n' ? text : visible(text));
}

/** A line on stderr about what is under way. On a terminal, each takes the place of the one before. */
export class ShownLine {
  #last = '';

  /** `calm`: what is shown where no person looks on, when that is something else than before. */
  show(text: string, calm: string): void {
    const { isTTY } = process.stderr;
    const line = isTTY ? text : calm;
    if (line === this.#last) return;
    this.#last = line;
    process.stderr.write(isTTY ? `\r\u001b[K${visible(line)}` : `${visible(line)}\n`);
  }

  /** On a terminal, nothing is left of it. */
  clear(): void {
    if (process.stderr.isTTY && this.#last !== '') process.stderr.write('\r\u001b[K');
    this.#last = '';
  }
}
