import headless, { type IBufferCell, type Terminal } from '@xterm/headless';

/** Lines that are kept above those that are seen. */
const scrollback = 2000;

/**
 * What a process has printed, as a terminal of this size shows it. Nothing of the output reaches the user's own terminal but characters with their colours: not its
 * progress bars, its title, or what it asks of a terminal.
 */
export class OutputPane implements Disposable {
  readonly #terminal: Terminal;

  /** `isPlain`: a newline begins a new line at its first column, too. */
  constructor(columns: number, rows: number, isPlain: boolean) {
    this.#terminal = new headless.Terminal({
      cols: columns,
      rows: Math.max(1, rows),
      scrollback,
      allowProposedApi: true,
      convertEol: isPlain,
    });
  }

  /** Resolves when it is shown. */
  write(data: Buffer | string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(data, resolve));
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, Math.max(1, rows));
  }

  /** Number of lines that something is on. */
  get length(): number {
    const { active } = this.#terminal.buffer;
    let length = active.length;
    while (length > active.baseY + active.cursorY + 1 && this.#text(length - 1) === '') length--;
    return length > 0 && this.#text(length - 1) === '' ? length - 1 : length;
  }

  /** So many lines, the last of them this many above the end; with SGR sequences for their colours, and no others. */
  lines(height: number, scrolledBy: number, colours: boolean): string[] {
    const end = Math.max(0, this.length - scrolledBy);
    const begin = Math.max(0, end - height);
    return Array.from({ length: end - begin }, (_, index) => (colours ? this.#painted(begin + index) : this.#text(begin + index)));
  }

  [Symbol.dispose](): void {
    this.#terminal.dispose();
  }

  #text(line: number): string {
    return this.#terminal.buffer.active.getLine(line)?.translateToString(true) ?? '';
  }

  #painted(index: number): string {
    const { active } = this.#terminal.buffer;
    const line = active.getLine(index);
    if (line === undefined) return '';
    const reused = active.getNullCell();
    let [text, before, kept] = ['', '', ''];
    for (let column = 0; column < line.length; column++) {
      const cell = line.getCell(column, reused);
      // The second half of a wide character.
      if (cell === undefined || cell.getWidth() === 0) continue;
      const style = styleOf(cell);
      if (style !== before) text += `\x1b[0${style}m`;
      before = style;
      const characters = cell.getChars() || ' ';
      text += characters;
      // What is behind the last thing that can be seen is left out.
      if (characters !== ' ' || style !== '') kept = text;
    }
    return kept;
  }
}

/** Parameters of SGR, each with its semicolon. */
function styleOf(cell: IBufferCell): string {
  const flags: [isSet: number, code: number][] = [
    [cell.isBold(), 1],
    [cell.isDim(), 2],
    [cell.isItalic(), 3],
    [cell.isUnderline(), 4],
    [cell.isInverse(), 7],
    [cell.isStrikethrough(), 9],
  ];
  const set = flags.flatMap(([isSet, code]) => (isSet ? `;${code}` : [])).join('');
  const fore = colour(38, cell.getFgColor(), cell.isFgRGB(), cell.isFgPalette());
  return `${set}${fore}${colour(48, cell.getBgColor(), cell.isBgRGB(), cell.isBgPalette())}`;
}

function colour(base: number, value: number, isRgb: boolean, isPalette: boolean): string {
  if (isRgb) return `;${base};2;${value >> 16};${(value >> 8) & 0xff};${value & 0xff}`;
  return isPalette ? `;${base};5;${value}` : '';
}
