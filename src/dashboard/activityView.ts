import type { ActivityEntry, KnownGateway, ToModelPages } from '../protocol/modelPages.ts';
import type { ModelSnapshot } from '../protocol/models.ts';
import type { BodiesRequest, KeptBodies } from '../protocol/requestBodies.ts';
import { filterRequests, mergeEntries, type RequestRow, requestRow, sortRequests } from './activityRows.ts';
import { byId, make } from './element.ts';
import { host, pageState, remember } from './host.ts';
import { fillModels } from './modelSelect.ts';
import { RequestDetails } from './requestDetails.ts';
import { RequestTable } from './requestTable.ts';
import { text } from './texts.ts';
import { partKinds } from './waterfall.ts';

/** The page of requests: what models were asked lately. */
export class ActivityView {
  readonly #model = make('select', { 'aria-label': text('model') });
  readonly #failedOnly = make('input', { type: 'checkbox', id: 'failed-only' });
  readonly #keepBodies = make('input', { type: 'checkbox', id: 'keep-bodies' });
  readonly #count = make('span', { class: 'note', role: 'status' });
  readonly #empty = make('p', { class: 'note', id: 'no-requests' });
  readonly #table: RequestTable;
  readonly #details = new RequestDetails();
  #entries: ReadonlyMap<string, ActivityEntry> = new Map();
  /** Of entries that have not changed, so that their rows need not be drawn again. */
  #made = new WeakMap<ActivityEntry, RequestRow>();
  #gateways: readonly KnownGateway[] = [];
  /** What the user has chosen last, until its outcome is told. */
  #choice: number | undefined;

  constructor() {
    this.#table = new RequestTable(pageState().requestOrder, {
      onOrder: (requestOrder) => {
        remember({ requestOrder });
        this.#draw();
      },
      onChoose: (row) => this.#details.show(row, this.#keepsBodiesOf(row)),
    });
    this.#model.addEventListener('change', () => this.#filter({ requestModel: this.#model.value }));
    this.#failedOnly.checked = pageState().failedOnly;
    this.#failedOnly.addEventListener('change', () => this.#filter({ failedOnly: this.#failedOnly.checked }));
    this.#keepBodies.addEventListener('change', () => {
      const chosenAt = Date.now();
      this.#choice = chosenAt;
      host.tell({ kind: 'keepBodies', keep: this.#keepBodies.checked, choice: chosenAt });
    });
    const bar = make(
      'div',
      { class: 'bar-line' },
      this.#model,
      make('label', {}, this.#failedOnly, text('failedOnly')),
      this.#count,
      partLegend(),
      make('label', { class: 'push', title: text('keepBodiesTitle') }, this.#keepBodies, text('keepBodies')),
    );
    byId('page-activity').append(bar, this.#table.element, this.#empty, this.#details.element);
    this.setModels([]);
    this.#draw();
  }

  setModels(models: readonly ModelSnapshot[]): void {
    fillModels(this.#model, models, pageState().requestModel, text('allModels'));
  }

  showModel(model: string): void {
    if ([...this.#model.options].some(({ value }) => value === model)) this.#model.value = model;
    this.#filter({ requestModel: model });
  }

  take({ requests, gateways, anew, choice }: Extract<ToModelPages, { kind: 'activity' }>): void {
    this.#gateways = gateways;
    this.#entries = mergeEntries(anew ? new Map() : this.#entries, requests, gateways);
    // What was looked for before would take the choice back for a moment.
    if (this.#choice === undefined || this.#choice === choice) {
      this.#choice = undefined;
      this.#keepBodies.checked = gateways.some(({ keepsBodies }) => keepsBodies);
    }
    this.#keepBodies.disabled = gateways.length === 0;
    this.#draw();
  }

  takeBodies(of: BodiesRequest, bodies: KeptBodies | null): void {
    this.#details.takeBodies(of, bodies);
  }

  takeReplay(of: BodiesRequest, more: string, anew: boolean, end: string | undefined): void {
    this.#details.takeReplay(of, more, anew, end);
  }

  #filter(changes: { readonly requestModel?: string; readonly failedOnly?: boolean }): void {
    remember(changes);
    this.#draw();
  }

  #keepsBodiesOf({ entry }: RequestRow): boolean {
    return this.#gateways.some(({ id, keepsBodies }) => id === entry.gateway && keepsBodies);
  }

  #draw(): void {
    const all = [...this.#entries.values()].map((entry) => this.#rowOf(entry));
    const { requestModel: model, failedOnly } = pageState();
    const rows = sortRequests(filterRequests(all, { model, failedOnly }), this.#table.order);
    this.#table.show(rows);
    this.#count.textContent =
      rows.length === all.length ? text('requestCount', all.length) : text('requestCountOf', rows.length, all.length);
    this.#empty.hidden = rows.length > 0;
    this.#empty.textContent = text(all.length === 0 ? 'noRequests' : 'noneFits');
    const chosen = all.find(({ key }) => key === this.#table.chosen);
    this.#details.show(chosen, chosen !== undefined && this.#keepsBodiesOf(chosen));
  }

  #rowOf(entry: ActivityEntry): RequestRow {
    const made = this.#made.get(entry) ?? requestRow(entry, (state) => text(state === 'waiting' ? 'waitingState' : 'answeringState'));
    this.#made.set(entry, made);
    return made;
  }
}

/** What the parts of the bars stand for. */
function partLegend(): HTMLElement {
  const parts = partKinds.map((kind) => {
    const sample = make('span', { class: 'bar' }, make('span', { class: `part ${kind}` }));
    return make('span', {}, sample, text(kind));
  });
  return make('div', { id: 'part-legend', class: 'note' }, ...parts);
}
