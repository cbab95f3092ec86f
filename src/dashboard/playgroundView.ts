import { maxPromptLength, type PlaygroundAnswer, type Prompt } from '../protocol/modelPages.ts';
import type { ModelSnapshot } from '../protocol/models.ts';
import { AnswerPane } from './answerPane.ts';
import { byId, make } from './element.ts';
import { host, pageState, remember } from './host.ts';
import { fillModels } from './modelSelect.ts';
import { PromptImages } from './promptImages.ts';
import { text } from './texts.ts';

/** One prompt, and what one model, or two beside each other, answer. */
export class PlaygroundView {
  readonly #model = make('select', { id: 'playground-model' });
  readonly #other = make('select', { id: 'playground-other' });
  readonly #system = make('textarea', { id: 'playground-system', rows: '2', maxlength: String(maxPromptLength) });
  readonly #prompt = make('textarea', { id: 'playground-prompt', rows: '4', maxlength: String(maxPromptLength) });
  readonly #temperature = make('input', { type: 'number', min: '0', max: '2', step: '0.1', placeholder: text('serversDefault') });
  readonly #maxTokens = make('input', { type: 'number', min: '1', max: '1000000', step: '1', placeholder: text('serversDefault') });
  readonly #images = new PromptImages();
  readonly #send = make('button', { id: 'playground-send', class: 'push primary' }, text('send'));
  readonly #stop = make('button', { id: 'playground-stop' }, text('stopAnswers'));
  readonly #panes = [new AnswerPane(), new AnswerPane()] as const;
  /** Panes whose answer has not ended. */
  readonly #answering = new Set<number>();

  constructor() {
    const { playground } = pageState();
    this.#system.value = playground.system;
    this.#prompt.value = playground.prompt;
    this.#temperature.value = playground.temperature;
    this.#maxTokens.value = playground.maxTokens;
    for (const field of [this.#model, this.#other, this.#system, this.#prompt, this.#temperature, this.#maxTokens])
      field.addEventListener('input', () => this.#remember());
    this.#send.addEventListener('click', () => this.#ask());
    this.#stop.addEventListener('click', () => host.tell({ kind: 'stopAsking' }));
    const page = byId('page-playground');
    page.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.#ask();
    });
    page.addEventListener('paste', (event) => this.#takeFiles(event, event.clipboardData));
    page.addEventListener('dragover', (event) => event.preventDefault());
    page.addEventListener('drop', (event) => this.#takeFiles(event, event.dataTransfer));
    page.append(
      make(
        'div',
        { class: 'bar-line fields' },
        labelled(text('model'), this.#model),
        labelled(text('compareWith'), this.#other),
        labelled(text('temperature'), this.#temperature),
        labelled(text('maxTokens'), this.#maxTokens),
      ),
      labelled(text('system'), this.#system),
      labelled(text('prompt'), this.#prompt),
      make('div', { class: 'bar-line' }, this.#images.element, this.#send, this.#stop),
      make('div', { id: 'answers' }, ...this.#panes.map(({ element }) => element)),
    );
    this.#drawButtons();
  }

  setModels(models: readonly ModelSnapshot[]): void {
    const { playground } = pageState();
    fillModels(this.#model, models, playground.model);
    fillModels(this.#other, models, playground.other, text('noOther'));
    this.#drawButtons();
  }

  showModel(model: string): void {
    remember({ playground: { ...pageState().playground, model } });
    if (Array.from(this.#model.options, ({ value }) => value).includes(model)) this.#model.value = model;
    this.focus();
  }

  focus(): void {
    this.#prompt.focus();
  }

  take(answer: PlaygroundAnswer): void {
    this.#panes[answer.pane]?.show(answer);
    if (answer.state === 'waiting' || answer.state === 'answering') this.#answering.add(answer.pane);
    else this.#answering.delete(answer.pane);
    this.#drawButtons();
  }

  #remember(): void {
    remember({
      playground: {
        model: this.#model.value,
        other: this.#other.value,
        system: this.#system.value,
        prompt: this.#prompt.value,
        temperature: this.#temperature.value,
        maxTokens: this.#maxTokens.value,
      },
    });
    this.#drawButtons();
  }

  #takeFiles(event: Event, data: DataTransfer | null): void {
    const files = [...(data?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    void this.#images.add(files);
  }

  #ask(): void {
    if (this.#send.disabled) return;
    const { temperature, maxTokens } = this.#settings();
    const prompt: Omit<Prompt, 'model'> = {
      system: this.#system.value.trim(),
      text: this.#prompt.value,
      images: this.#images.urls,
      ...(temperature !== undefined && { temperature }),
      ...(maxTokens !== undefined && { maxTokens }),
    };
    const models = [this.#model.value, ...(this.#other.value === '' ? [] : [this.#other.value])];
    for (const [pane, { element }] of this.#panes.entries()) element.hidden = pane >= models.length;
    this.#answering.clear();
    host.tell({ kind: 'ask', prompts: models.map((model) => ({ ...prompt, model })) });
  }

  /** What is no number of the range is the server's default, and marked as wrong. */
  #settings(): { readonly temperature: number | undefined; readonly maxTokens: number | undefined } {
    const numberIn = (input: HTMLInputElement): number | undefined =>
      input.value === '' || !input.validity.valid ? undefined : input.valueAsNumber;
    return { temperature: numberIn(this.#temperature), maxTokens: numberIn(this.#maxTokens) };
  }

  #drawButtons(): void {
    const isValid = this.#temperature.validity.valid && this.#maxTokens.validity.valid;
    this.#send.disabled = this.#model.value === '' || this.#prompt.value.trim() === '' || !isValid;
    this.#stop.disabled = this.#answering.size === 0;
  }
}

function labelled(label: string, field: HTMLElement): HTMLElement {
  return make('label', { class: 'field' }, make('span', {}, label), field);
}
