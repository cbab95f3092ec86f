import { byId } from './element.ts';

/** Maximum number of lines in the page; the terminal has all of them. */
const linesKept = 500;

/** The end of one tree's output, which stays at its last line unless one has scrolled away from it. */
export class OutputPane {
  readonly #pane = byId('output');
  #text = '';

  show(text: string, anew: boolean): void {
    const atEnd = anew || this.#pane.scrollHeight - this.#pane.scrollTop - this.#pane.clientHeight < 30;
    this.#text = lastLines(`${anew ? '' : this.#text}${text}`);
    this.#pane.textContent = this.#text;
    if (atEnd) this.#pane.scrollTop = this.#pane.scrollHeight;
  }
}

function lastLines(text: string): string {
  const lines = text.split('\n');
  return lines.length > linesKept ? lines.slice(-linesKept).join('\n') : text;
}
