import { byId, make } from './element.ts';
import { indexAfterKey } from './listKeys.ts';
import { type Column, columns, filterRows, keepOrder, type Order, type ProcessRow, sortRows } from './processRows.ts';
import { text } from './texts.ts';

/** Of every row, in pixels; the style sheet says the same. */
const rowHeight = 24;
/** Rows that are drawn beyond what is to be seen, so that scrolling does not run ahead of them. */
const overscan = 10;

export interface TableEvents {
  onOrder(order: Order): void;
  /** A row was chosen, by mouse or keyboard. */
  onChoose(row: ProcessRow): void;
}

interface DrawnRow {
  readonly element: HTMLElement;
  readonly cells: readonly HTMLElement[];
}

/** All members, of which only those that are to be seen are in the page. */
export class ProcessTable {
  readonly #events: TableEvents;
  readonly #scroller = byId('rows');
  readonly #spacer = byId('rows-spacer');
  readonly #heads: ReadonlyMap<Column, HTMLElement>;
  readonly #pool: DrawnRow[] = [];
  #rows: readonly ProcessRow[] = [];
  #visible: readonly ProcessRow[] = [];
  #order: Order;
  #filter: string;
  #chosen: string | undefined;
  #isRead = false;

  constructor(order: Order, filter: string, events: TableEvents) {
    this.#order = order;
    this.#filter = filter;
    this.#events = events;
    this.#heads = new Map(columns.map((column) => [column, this.#head(column)]));
    byId('heads').append(...this.#heads.values());
    this.#scroller.addEventListener('scroll', () => this.#draw());
    this.#scroller.addEventListener('keydown', (event) => this.#onKey(event));
    // Nothing moves under the pointer: figures change in their places until it leaves.
    this.#scroller.addEventListener('pointerenter', () => {
      this.#isRead = true;
    });
    this.#scroller.addEventListener('pointerleave', () => {
      this.#isRead = false;
      this.#arrange();
    });
    new ResizeObserver(() => this.#draw()).observe(this.#scroller);
    this.#showOrder();
  }

  update(rows: readonly ProcessRow[]): void {
    this.#rows = rows;
    this.#arrange();
  }

  filter(words: string): void {
    this.#filter = words;
    this.#arrange();
    this.#scroller.scrollTop = 0;
  }

  #arrange(): void {
    const before = this.#visible.map(({ key }) => key);
    const fitting = filterRows(this.#rows, this.#filter);
    this.#visible = this.#isRead ? keepOrder(fitting, before) : sortRows(fitting, this.#order);
    const [shown, all] = [fitting.length, this.#rows.length];
    const counted = all === 1 ? text('countOne') : text('count', all);
    byId('count').textContent = shown === all ? counted : text('countOf', shown, all);
    this.#spacer.style.height = `${this.#visible.length * rowHeight}px`;
    this.#scroller.setAttribute('aria-rowcount', String(this.#visible.length));
    this.#draw();
  }

  #draw(): void {
    const first = Math.max(0, Math.floor(this.#scroller.scrollTop / rowHeight) - overscan);
    const count = Math.ceil(this.#scroller.clientHeight / rowHeight) + 2 * overscan;
    const shown = this.#visible.slice(first, first + count);
    while (this.#pool.length < shown.length) this.#pool.push(this.#makeRow());
    for (const [index, { element, cells }] of this.#pool.entries()) {
      const row = shown[index];
      element.hidden = row === undefined;
      if (!row) continue;
      element.style.transform = `translateY(${(first + index) * rowHeight}px)`;
      element.setAttribute('aria-rowindex', String(first + index + 1));
      element.setAttribute('aria-selected', String(row.key === this.#chosen));
      element.id = `row-${row.key}`;
      element.dataset['key'] = row.key;
      for (const [cell, column] of columns.entries()) setText(cells[cell], row.texts[column]);
    }
    this.#scroller.setAttribute('aria-activedescendant', this.#chosen === undefined ? '' : `row-${this.#chosen}`);
  }

  #makeRow(): DrawnRow {
    const cells = columns.map((column) => make('span', { role: 'gridcell', class: `cell ${column}` }));
    const element = make('div', { role: 'row', class: 'row' }, ...cells);
    element.addEventListener('click', () => this.#choose(this.#visible.findIndex(({ key }) => key === element.dataset['key'])));
    this.#spacer.append(element);
    return { element, cells };
  }

  #head(column: Column): HTMLElement {
    const button = make('button', { class: `cell ${column}`, role: 'columnheader' }, text(column === 'gpu' ? 'gpuMemory' : column));
    button.addEventListener('click', () => {
      const { by, descending } = this.#order;
      // Figures are of interest from the largest, names from the first; a third click gives the natural order back.
      const firstDescending = ['cpu', 'memory', 'gpu', 'threads'].includes(column);
      if (by !== column) this.#order = { by: column, descending: firstDescending };
      else if (descending === firstDescending) this.#order = { by: column, descending: !firstDescending };
      else this.#order = { by: 'natural', descending: false };
      this.#showOrder();
      this.#arrange();
      this.#events.onOrder(this.#order);
    });
    return button;
  }

  #showOrder(): void {
    const direction = this.#order.descending ? 'descending' : 'ascending';
    for (const [column, head] of this.#heads) head.setAttribute('aria-sort', column === this.#order.by ? direction : 'none');
  }

  #onKey(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / rowHeight) - 1);
    const from = this.#visible.findIndex(({ key }) => key === this.#chosen);
    const index = indexAfterKey(event.key, { from, count: this.#visible.length, page });
    if (index === undefined) return;
    event.preventDefault();
    this.#choose(index);
  }

  #choose(index: number): void {
    const row = this.#visible[index];
    if (!row) return;
    this.#chosen = row.key;
    const top = index * rowHeight;
    const { scrollTop, clientHeight } = this.#scroller;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + rowHeight > scrollTop + clientHeight) this.#scroller.scrollTop = top + rowHeight - clientHeight;
    this.#draw();
    this.#events.onChoose(row);
  }
}

function setText(element: HTMLElement | undefined, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}
