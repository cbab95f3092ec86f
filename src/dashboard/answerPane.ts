import { formatDuration } from '../protocol/format.ts';
import type { AnswerFigures, PlaygroundAnswer } from '../protocol/modelPages.ts';
import { visible } from '../protocol/visible.ts';
import { make } from './element.ts';
import { text } from './texts.ts';

/** The answer of one model, which stays at its end unless one has scrolled away from it. */
export class AnswerPane {
  readonly element = make('section', { class: 'answer', hidden: '' });
  readonly #title = make('strong');
  readonly #state = make('span', { class: 'note', role: 'status' });
  readonly #reasoning = make('pre', { tabindex: '0' });
  readonly #thoughts = make('details', { class: 'reasoning', hidden: '' }, make('summary', {}, text('reasoning')), this.#reasoning);
  readonly #output = make('pre', { tabindex: '0' });

  constructor() {
    this.element.append(make('div', { class: 'bar-line' }, this.#title, this.#state), this.#thoughts, this.#output);
  }

  show({ model, text: more, reasoning, anew, state, note, status, figures }: PlaygroundAnswer): void {
    this.element.hidden = false;
    this.#title.textContent = visible(model);
    this.element.setAttribute('aria-label', visible(model));
    this.#output.setAttribute('aria-label', visible(model));
    const output = this.#output;
    const isAtEnd = anew || output.scrollHeight - output.scrollTop - output.clientHeight < 30;
    if (anew) {
      output.textContent = '';
      this.#reasoning.textContent = '';
    }
    this.#reasoning.append(reasoning);
    this.#thoughts.hidden = this.#reasoning.textContent === '';
    output.append(more);
    output.querySelector('.problem')?.remove();
    if (state === 'failed') output.append(make('span', { class: 'problem' }, note));
    if (isAtEnd) output.scrollTop = output.scrollHeight;
    this.#state.textContent = visible(stateText({ state, note, status, figures }));
    this.element.classList.toggle('failed', state === 'failed');
  }
}

type Shown = Pick<PlaygroundAnswer, 'state' | 'note'> & { readonly [Key in 'status' | 'figures']: PlaygroundAnswer[Key] };

function stateText({ state, note, status, figures }: Shown): string {
  switch (state) {
    case 'waiting':
      return note === '' ? text('waitingFor') : note;
    case 'answering':
      return text('answeringState');
    case 'stopped':
      return [text('stopped'), ...figureTexts(figures)].join(' · ');
    default:
      return [...(status === undefined ? [] : [text('httpStatus', status)]), ...figureTexts(figures)].join(' · ');
  }
}

function figureTexts(figures: AnswerFigures | undefined): string[] {
  if (!figures) return [];
  const { firstTokenMillis, totalMillis, outputTokens, tokensPerSecond } = figures;
  return [
    ...(firstTokenMillis === undefined ? [] : [text('figureFirst', formatDuration(firstTokenMillis))]),
    ...(tokensPerSecond === undefined ? [] : [text('figureSpeed', tokensPerSecond.toFixed(1))]),
    ...(outputTokens === undefined ? [] : [text('figureTokens', outputTokens)]),
    text('figureTotal', formatDuration(totalMillis)),
  ];
}
