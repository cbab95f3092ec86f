import { writeSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Size } from './frame.ts';

/** The alternate screen, without a cursor and without wrapping, and pasted text in brackets: xterm's control sequences, DECSET. */
const enter = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[2J';
const leave = '\x1b[0m\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l';
/** What is between is shown at once, by terminals that know it. */
const beginFrame = '\x1b[?2026h';
const endFrame = '\x1b[?2026l';

/** The user's terminal: its own screen is set aside, and is put back however this process ends, but for a SIGKILL. */
export class Screen implements Disposable {
  readonly #keyboard: ReadStream;
  readonly #output: WriteStream;
  readonly #onExit = (): void => this.#leave();
  #drawn: readonly string[] = [];
  #isOpen = false;
  /** A frame is on its way, and the terminal has not taken it yet. */
  #isBusy = false;

  constructor(keyboard: ReadStream, output: WriteStream) {
    this.#keyboard = keyboard;
    this.#output = output;
    process.on('exit', this.#onExit);
    // What is said of a defect is to be seen.
    process.on('uncaughtExceptionMonitor', this.#onExit);
    this.open();
  }

  get size(): Size {
    return { columns: this.#output.columns || 80, rows: this.#output.rows || 24 };
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Again, after {@link close}. */
  open(): void {
    // Node does nothing where it believes that this is so already; a shell may have undone it meanwhile.
    this.#keyboard.setRawMode(false);
    this.#keyboard.setRawMode(true);
    this.#keyboard.resume();
    this.#output.write(enter);
    this.#isOpen = true;
    this.redraw();
  }

  /** The next frame is drawn as a whole: the terminal has another size, or shows something else. */
  redraw(): void {
    this.#drawn = [];
  }

  /** Only the lines that are others; `onDrawn` is called when the terminal has taken them. */
  draw(lines: readonly string[], onDrawn: () => void): void {
    if (!this.#isOpen || this.#isBusy) return;
    const before = this.#drawn;
    const isWhole = before.length !== lines.length;
    // Cleared first: behind a whole line, the cursor stands on its last character.
    const changed = lines.flatMap((line, index) =>
      isWhole || before[index] !== line ? `\x1b[${index + 1};1H\x1b[0m\x1b[2K${line}\x1b[0m` : [],
    );
    this.#drawn = lines;
    if (changed.length === 0) return;
    this.#isBusy = true;
    this.#output.write(`${beginFrame}${isWhole ? '\x1b[0m\x1b[2J' : ''}${changed.join('')}${endFrame}`, () => {
      this.#isBusy = false;
      onDrawn();
    });
  }

  /** Puts the terminal back. */
  close(): void {
    this.#leave();
    this.#keyboard.pause();
  }

  [Symbol.dispose](): void {
    this.close();
    process.off('exit', this.#onExit);
    process.off('uncaughtExceptionMonitor', this.#onExit);
  }

  /** Synchronous: the process may end with this turn. */
  #leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      this.#keyboard.setRawMode(false);
      writeSync(1, leave);
    } catch {
      // The terminal has gone, or is full: there is nothing to put back, or no way.
    }
  }
}
