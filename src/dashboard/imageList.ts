import { type ModelPageText, maxImageBytes, maxImages } from '../protocol/modelPages.ts';

export const imageKinds = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

export interface PromptImage {
  readonly name: string;
  /** A `data:` URL. */
  readonly url: string;
}

/** Why a file is not among the images: the text that says so, and its values. */
export interface ImageProblem {
  readonly text: Extract<ModelPageText, 'imageKind' | 'imageTooLarge' | 'tooManyImages' | 'imageUnreadable'>;
  readonly values: readonly string[];
}

type ImageFile = Pick<File, 'name' | 'type' | 'size'>;

/** The images of a prompt, up to {@link maxImages}. Reading a file takes a while, in which others may be added and removed. */
export class ImageList<AFile extends ImageFile> {
  readonly #read: (file: AFile) => Promise<string>;
  #images: readonly PromptImage[] = [];

  /** @param read Resolves with a `data:` URL. */
  constructor(read: (file: AFile) => Promise<string>) {
    this.#read = read;
  }

  get all(): readonly PromptImage[] {
    return this.#images;
  }

  remove(image: PromptImage): void {
    this.#images = this.#images.filter((other) => other !== image);
  }

  /** Resolves with what cannot be added; never rejects. */
  async add(files: readonly AFile[]): Promise<ImageProblem[]> {
    const problems: ImageProblem[] = [];
    for (const file of files) {
      const problem = this.#problemOf(file) ?? (await this.#addOne(file));
      if (problem) problems.push(problem);
    }
    return problems;
  }

  async #addOne(file: AFile): Promise<ImageProblem | undefined> {
    let url: string;
    try {
      url = await this.#read(file);
    } catch (error) {
      return { text: 'imageUnreadable', values: [file.name, error instanceof Error ? error.message : String(error)] };
    }
    // Others may have been added meanwhile.
    const problem = this.#problemOf(file);
    if (!problem) this.#images = [...this.#images, { name: file.name, url }];
    return problem;
  }

  #problemOf({ name, type, size }: AFile): ImageProblem | undefined {
    if (!imageKinds.includes(type)) return { text: 'imageKind', values: [name] };
    if (size > maxImageBytes) return { text: 'imageTooLarge', values: [name] };
    return this.#images.length >= maxImages ? { text: 'tooManyImages', values: [name] } : undefined;
  }
}
