import { maxImageBytes, maxImages } from '../protocol/modelPages.ts';
import { visible } from '../protocol/visible.ts';
import { make } from './element.ts';
import { text } from './texts.ts';

const kinds = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

interface PromptImage {
  readonly name: string;
  readonly url: string;
}

/** The images of a prompt: chosen, pasted or dropped. */
export class PromptImages {
  readonly element = make('div', { id: 'prompt-images', role: 'group', 'aria-label': text('images') });
  readonly #input = make('input', { type: 'file', accept: kinds.join(), multiple: '', hidden: '', id: 'image-files' });
  readonly #note = make('span', { class: 'note', role: 'status' });
  #images: readonly PromptImage[] = [];

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
    return this.#images.map(({ url }) => url);
  }

  /** What cannot be added is said. */
  async add(files: readonly File[]): Promise<void> {
    const problems: string[] = [];
    for (const file of files) {
      const problem = !kinds.includes(file.type)
        ? text('imageKind', file.name)
        : file.size > maxImageBytes
          ? text('imageTooLarge', file.name)
          : this.#images.length >= maxImages
            ? text('tooManyImages', file.name)
            : undefined;
      if (problem !== undefined) problems.push(visible(problem));
      else this.#images = [...this.#images, { name: file.name, url: await urlOf(file) }];
    }
    this.#note.textContent = problems.join(' ');
    this.#draw();
  }

  #draw(): void {
    for (const shown of this.element.querySelectorAll('.thumbnail')) shown.remove();
    const shown = this.#images.map((image) => {
      const label = text('removeImage', visible(image.name));
      const button = make('button', { class: 'thumbnail', title: label, 'aria-label': label }, make('img', { src: image.url, alt: '' }));
      button.addEventListener('click', () => {
        this.#images = this.#images.filter((other) => other !== image);
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
    reader.addEventListener('error', () => reject(reader.error ?? new Error(file.name)));
    reader.readAsDataURL(file);
  });
}
