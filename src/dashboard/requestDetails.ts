import { dateAndTime, formatBytes } from '../protocol/format.ts';
import { isWhole, type KeptText } from '../protocol/keptText.ts';
import type { ActivityEntry } from '../protocol/modelPages.ts';
import type { BodiesRequest, KeptBodies } from '../protocol/requestBodies.ts';
import { visible } from '../protocol/visible.ts';
import { durationText, keyOf, type RequestRow } from './activityRows.ts';
import { make } from './element.ts';
import { host } from './host.ts';
import { text } from './texts.ts';

/** What is known of the chosen request, and what it and its answer have said where that is kept. */
export class RequestDetails {
  readonly element = make('section', { id: 'request-details', role: 'region', 'aria-label': text('requests'), tabindex: '0' });
  readonly #figures = make('dl');
  readonly #title = make('strong', { role: 'status' }, text('chooseRequest'));
  readonly #log = make('button', { class: 'push' }, text('openLog'));
  readonly #replay = make('button', {}, text('replay'));
  readonly #curl = make('button', {}, text('copyCurl'));
  readonly #note = make('p', { class: 'note' });
  readonly #texts = make('div', { id: 'request-texts' });
  readonly #replayed = make('div', { id: 'request-replay' });
  readonly #replayOutput = make('pre', { tabindex: '0', 'aria-label': text('theReplay') });
  readonly #replayEnd = make('span', { role: 'status' });
  #entry: ActivityEntry | undefined;
  #keepsBodies = false;
  #bodies: KeptBodies | null | undefined;
  #isReplaying = false;

  constructor() {
    this.#log.addEventListener('click', () => {
      const { server, startedAt } = this.#entry ?? {};
      if (server !== undefined && startedAt !== undefined) host.tell({ kind: 'openServerLog', server, at: startedAt });
    });
    this.#replay.addEventListener('click', () => {
      if (this.#isReplaying) host.tell({ kind: 'stopReplay' });
      else if (this.#entry) host.tell({ kind: 'replay', of: idOf(this.#entry) });
    });
    this.#curl.addEventListener('click', () => this.#entry && host.tell({ kind: 'copyCurl', of: idOf(this.#entry) }));
    const bar = make('div', { class: 'bar-line' }, this.#title, this.#log, this.#replay, this.#curl);
    this.element.append(bar, this.#figures, this.#note, this.#texts, this.#replayed);
    this.#draw();
  }

  /** `keepsBodies`: what is said is kept at present. Another request than before, or its end, is asked for what it has said. */
  show(row: RequestRow | undefined, keepsBodies: boolean): void {
    const before = this.#entry;
    const entry = row?.entry;
    const isAnother = before === undefined || entry === undefined || keyOf(before) !== keyOf(entry);
    if (!isAnother && before === entry && keepsBodies === this.#keepsBodies) return;
    this.#entry = entry;
    this.#keepsBodies = keepsBodies;
    if (isAnother) {
      this.#bodies = undefined;
      this.#clearReplay();
    }
    if (entry?.hasBodies && keepsBodies) host.tell({ kind: 'askBodies', of: idOf(entry) });
    else this.#bodies = undefined;
    this.#draw();
  }

  takeBodies(of: BodiesRequest, bodies: KeptBodies | null): void {
    if (!this.#entry || keyOf(of) !== keyOf(this.#entry)) return;
    this.#bodies = bodies;
    this.#draw();
  }

  takeReplay(of: BodiesRequest, more: string, anew: boolean, end: string | undefined): void {
    if (!this.#entry || keyOf(of) !== keyOf(this.#entry)) return;
    if (anew) {
      this.#clearReplay();
      this.#isReplaying = true;
      this.#replayed.append(make('h3', {}, text('theReplay'), ' ', this.#replayEnd), this.#replayOutput);
    }
    this.#replayOutput.append(more);
    if (end !== undefined) {
      this.#isReplaying = false;
      this.#replayEnd.textContent = visible(end);
    }
    this.#drawButtons();
  }

  #clearReplay(): void {
    this.#isReplaying = false;
    this.#replayOutput.textContent = '';
    this.#replayEnd.textContent = '';
    this.#replayed.replaceChildren();
  }

  #drawButtons(): void {
    const bodies = this.#bodies;
    const canRepeat = bodies !== undefined && bodies !== null && isWhole(bodies.request);
    this.#log.disabled = this.#entry?.server === undefined;
    this.#replay.disabled = !canRepeat && !this.#isReplaying;
    this.#replay.textContent = text(this.#isReplaying ? 'stopReplay' : 'replay');
    this.#curl.disabled = !canRepeat;
  }

  #draw(): void {
    const entry = this.#entry;
    const bodies = this.#bodies;
    this.#title.textContent = entry ? visible(`${entry.asked ?? entry.model}, ${dateAndTime(entry.startedAt)}`) : text('chooseRequest');
    this.#drawButtons();
    this.#figures.replaceChildren(...(entry ? figuresOf(entry) : []));
    const isGone = entry !== undefined && this.#keepsBodies && (!entry.hasBodies || bodies === null);
    const isCut = bodies !== undefined && bodies !== null && !isWhole(bodies.request);
    this.#note.textContent = isGone
      ? text('bodiesGone')
      : entry && !this.#keepsBodies
        ? text('bodiesOff')
        : isCut
          ? text('cannotRepeat')
          : '';
    this.#note.hidden = this.#note.textContent === '';
    this.#texts.replaceChildren(
      ...(bodies
        ? [...textOf(text('theRequest'), bodies.request), ...(bodies.answer ? textOf(text('theAnswer'), bodies.answer) : [])]
        : []),
    );
  }
}

function idOf({ gateway, id }: ActivityEntry): BodiesRequest {
  return { gateway, id };
}

function figuresOf(entry: ActivityEntry): HTMLElement[] {
  const count = (value: number | undefined): string => (value === undefined ? '' : String(value));
  const state = entry.state === 'ended' ? count(entry.status) : text(entry.state === 'waiting' ? 'waitingState' : 'answeringState');
  const values: readonly (readonly [string, string])[] = [
    [text('status'), state],
    [text('error'), entry.error ?? ''],
    [text('model'), entry.asked === undefined ? '' : entry.model],
    [text('client'), entry.client],
    [text('path'), entry.path],
    [text('queue'), durationText(entry.queueMillis)],
    [text('load'), durationText(entry.loadMillis)],
    [text('first'), durationText(entry.firstMillis)],
    [text('total'), durationText(entry.totalMillis)],
    [text('tokenSpeed'), entry.tokensPerSecond?.toFixed(1) ?? ''],
    [text('in'), count(entry.inputTokens)],
    [text('cached'), count(entry.cachedTokens)],
    [text('out'), count(entry.outputTokens)],
  ];
  return values.flatMap(([name, value]) => (value === '' ? [] : [make('div', {}, make('dt', {}, name), make('dd', {}, visible(value)))]));
}

/** A heading, and below it what is kept of the text. */
function textOf(title: string, { text: said, bytes, isCut, isMasked }: KeptText): HTMLElement[] {
  const size = formatBytes(bytes);
  const length = isCut ? text(said === '' ? 'noText' : 'cutTo', size) : size;
  const note = make('span', { class: 'note' }, [length, ...(isMasked ? [text('isMasked')] : [])].join(', '));
  const heading = make('h3', {}, `${title} `, note);
  return said === '' ? [heading] : [heading, make('pre', { tabindex: '0', 'aria-label': title }, readable(said))];
}

/** JSON in lines, where it is JSON. */
function readable(said: string): string {
  try {
    return JSON.stringify(JSON.parse(said), null, 2);
  } catch {
    return said;
  }
}
