import * as vscode from 'vscode';

/** Milliseconds between two pieces: the editor keeps what it has not drawn yet in the extension host, and does not report when it has. */
const drawingMillis = 25;
/** Maximum of what waits to be written, in characters: who writes more waits for room. */
const maxWaiting = 64 * 1024;

/** What is written to a terminal, in pieces that the editor keeps up with. */
export class TerminalText {
  readonly #write = new vscode.EventEmitter<string>();
  readonly onDidWrite = this.#write.event;
  #waiting: string[] = [];
  #length = 0;
  #due: NodeJS.Timeout | undefined;
  readonly #wake = new Set<() => void>();

  add(text: string): void {
    this.#waiting.push(text);
    this.#length += text.length;
    this.#due ??= setTimeout(() => this.#flush(), drawingMillis);
  }

  /** What was not written yet is not any more. */
  restart(text: string): void {
    this.#waiting = [];
    this.#length = 0;
    this.add(text);
  }

  /** Resolves when more may be added. */
  async room(): Promise<void> {
    while (this.#length >= maxWaiting) await new Promise<void>((resolve) => this.#wake.add(resolve));
  }

  #flush(): void {
    this.#due = undefined;
    this.#write.fire(this.#waiting.join(''));
    this.#waiting = [];
    this.#length = 0;
    for (const wake of this.#wake) wake();
    this.#wake.clear();
  }
}
