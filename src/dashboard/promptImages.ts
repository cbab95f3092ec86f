import { visible } from '../protocol/visible.ts';
import { make } from './element.ts';
import { ImageList, imageKinds } from './imageList.ts';
import { text } from './texts.ts';

/** The images of a prompt: chosen, pasted or dropped. */
export class PromptImages {
  readonly element = make('div', { id: 'prompt-images', role: 'group', 'aria-label': text('images') });
  readonly #input = make('input', { type: 'file', accept: imageKinds.join(), multiple: '', hidden: '', id: 'image-files' });
  readonly #note = make('span', { class: 'note', role: 'status' });
  readonly #images = new ImageList(urlOf);
  /** Number of calls of {@link add} that have not ended: what they say stands side by side. */
  #adding = 0;
  #problems: readonly string[] = [];

  constructor() {
    const add = make('button', {}, text('addImages'));
    add.addEventListener('click', () => this.#input.click());
    this.#input.addEventListener('change', () => {
      void this.add([...(this.#input.files ?? [])]);
      // The same file may be chosen again.
      this.#input.value = '';
    });
    this.element.append(add, this.#input, this.#note);
  }

  get urls(): string[] {
    return this.#images.all.map(({ url }) => url);
  }

  /** What cannot be added is said. */
  async add(files: readonly File[]): Promise<void> {
    if (this.#adding++ === 0) this.#problems = [];
    const problems = await this.#images.add(files);
    this.#adding--;
    this.#problems = [...this.#problems, ...problems.map((problem) => visible(text(problem.text, ...problem.values)))];
    this.#note.textContent = this.#problems.join(' ');
    this.#draw();
  }

  #draw(): void {
    for (const shown of this.element.querySelectorAll('.thumbnail')) shown.remove();
    const shown = this.#images.all.map((image) => {
      const label = text('removeImage', visible(image.name));
      const button = make('button', { class: 'thumbnail', title: label, 'aria-label': label }, make('img', { src: image.url, alt: '' }));
      button.addEventListener('click', () => {
        this.#images.remove(image);
        this.#draw();
      });
      return button;
    });
    this.#note.before(...shown);
  }
}

function urlOf(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => resolve(String(reader.result)));
    reader.addEventListener('error', () => reject(reader.error ?? new Error('the browser does not say why')));
    reader.readAsDataURL(file);
  });
}
