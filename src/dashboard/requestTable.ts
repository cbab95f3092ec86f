import { formatDuration } from '../protocol/format.ts';
import { nextOrder, type RequestColumn, type RequestOrder, type RequestRow, requestColumns } from './activityRows.ts';
import { make } from './element.ts';
import { indexAfterKey } from './listKeys.ts';
import { text } from './texts.ts';
import { barParts } from './waterfall.ts';

export interface RequestTableEvents {
  onOrder(order: RequestOrder): void;
  /** A row was chosen, by mouse or keyboard. */
  onChoose(row: RequestRow): void;
}

interface DrawnRow {
  readonly element: HTMLTableRowElement;
  readonly cells: ReadonlyMap<RequestColumn, HTMLTableCellElement>;
  /** What is drawn of it. */
  row: RequestRow | undefined;
  longestMillis: number;
}

/** How far PageUp and PageDown go. */
const pageRows = 10;

/** The last requests. There are a few hundred at most, so each has a row, which is kept and changed in its place. */
export class RequestTable {
  readonly element: HTMLElement;
  readonly #body = make('tbody', { role: 'rowgroup' });
  readonly #heads: ReadonlyMap<RequestColumn, HTMLElement>;
  readonly #events: RequestTableEvents;
  readonly #drawn = new Map<string, DrawnRow>();
  #rows: readonly RequestRow[] = [];
  #order: RequestOrder;
  #chosen: string | undefined;

  constructor(order: RequestOrder, events: RequestTableEvents) {
    this.#order = order;
    this.#events = events;
    this.#heads = new Map(requestColumns.map((column) => [column, this.#head(column)]));
    const heads = make('thead', { role: 'rowgroup' }, make('tr', { role: 'row' }, ...this.#heads.values()));
    // What has the focus is what the rows belong to.
    const table = make('table', { role: 'presentation' }, heads, this.#body);
    this.element = make('div', { id: 'requests', role: 'grid', tabindex: '0', 'aria-label': text('requests') }, table);
    this.element.addEventListener('keydown', (event) => this.#onKey(event));
    this.#showOrder();
  }

  get order(): RequestOrder {
    return this.#order;
  }

  get chosen(): string | undefined {
    return this.#chosen;
  }

  /** In the order in which they are to stand. */
  show(rows: readonly RequestRow[]): void {
    this.#rows = rows;
    const longestMillis = Math.max(0, ...rows.map(({ entry }) => entry.totalMillis ?? 0));
    const shown = new Set(rows.map(({ key }) => key));
    for (const [key, { element }] of this.#drawn) {
      if (shown.has(key)) continue;
      element.remove();
      this.#drawn.delete(key);
    }
    for (const [place, row] of rows.entries()) {
      const drawn = this.#drawn.get(row.key) ?? this.#makeRow(row.key);
      if (drawn.row?.entry !== row.entry || drawn.longestMillis !== longestMillis) draw(drawn, row, longestMillis);
      if (this.#body.children[place] !== drawn.element) this.#body.insertBefore(drawn.element, this.#body.children[place] ?? null);
    }
    this.#showChosen();
  }

  #makeRow(key: string): DrawnRow {
    const cells = new Map(requestColumns.map((column) => [column, make('td', { role: 'gridcell', class: column })]));
    const element = make('tr', { id: `request-${key}`, role: 'row' }, ...cells.values());
    element.addEventListener('click', () => this.#choose(this.#rows.findIndex((row) => row.key === key)));
    const drawn: DrawnRow = { element, cells, row: undefined, longestMillis: 0 };
    this.#drawn.set(key, drawn);
    return drawn;
  }

  #head(column: RequestColumn): HTMLElement {
    const button = make('button', {}, text(column));
    button.addEventListener('click', () => {
      this.#order = nextOrder(this.#order, column);
      this.#showOrder();
      this.#events.onOrder(this.#order);
    });
    return make('th', { class: column, role: 'columnheader' }, button);
  }

  #showOrder(): void {
    const direction = this.#order.descending ? 'descending' : 'ascending';
    for (const [column, head] of this.#heads) head.setAttribute('aria-sort', column === this.#order.by ? direction : 'none');
  }

  #onKey(event: KeyboardEvent): void {
    if (event.target !== this.element) return;
    const from = this.#rows.findIndex(({ key }) => key === this.#chosen);
    const index = indexAfterKey(event.key, { from, count: this.#rows.length, page: pageRows });
    if (index === undefined) return;
    event.preventDefault();
    this.#choose(index);
    this.#drawn.get(this.#chosen ?? '')?.element.scrollIntoView({ block: 'nearest' });
  }

  #choose(index: number): void {
    const row = this.#rows[index];
    if (!row) return;
    this.#chosen = row.key;
    this.#showChosen();
    this.#events.onChoose(row);
  }

  #showChosen(): void {
    for (const [key, { element }] of this.#drawn) element.setAttribute('aria-selected', String(key === this.#chosen));
    const isShown = this.#chosen !== undefined && this.#drawn.has(this.#chosen);
    this.element.setAttribute('aria-activedescendant', isShown ? `request-${this.#chosen}` : '');
  }
}

function draw(drawn: DrawnRow, row: RequestRow, longestMillis: number): void {
  drawn.row = row;
  drawn.longestMillis = longestMillis;
  drawn.element.classList.toggle('failed', row.isFailed);
  for (const [column, cell] of drawn.cells) {
    if (column === 'course') cell.replaceChildren(courseOf(row, longestMillis));
    else if (cell.textContent !== row.texts[column]) cell.textContent = row.texts[column];
    // What does not fit.
    if (column === 'status' || column === 'model' || column === 'client') cell.title = row.texts[column];
  }
}

/** A bar of the parts of its time, and the same in words. */
function courseOf({ parts }: RequestRow, longestMillis: number): HTMLElement {
  const words = parts.map(({ kind, millis }) => `${text(kind)} ${formatDuration(millis)}`).join(', ');
  const bar = make('div', { class: 'bar', role: 'img', 'aria-label': words, title: words });
  for (const { kind, left, width } of barParts(parts, longestMillis)) {
    const part = make('span', { class: `part ${kind}` });
    // Not as an attribute, which the policy of the page forbids.
    part.style.left = `${left}%`;
    part.style.width = `${width}%`;
    bar.append(part);
  }
  return bar;
}
