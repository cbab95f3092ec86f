import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The extension that {@link LanguageProbe} speaks to. */
export const languageExtension = fileURLToPath(new URL('../fixtures/language-extension', import.meta.url));

/** Asks an editor what it knows of a document. */
export class LanguageProbe {
  /** Of the socket; for LANGUAGE_PROBE in the environment of the editor. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async show(file: string): Promise<void> {
    await this.#ask({ what: 'show', file });
  }

  /** Puts a text in the place of the last one of these in an open document. */
  async edit(file: string, words: string, by: string): Promise<void> {
    await this.#ask({ what: 'edit', file, text: words, by });
  }

  /** Labels of what is offered behind the last such text in a document. */
  async completion(file: string, behind: string): Promise<readonly string[]> {
    return (await this.#ask({ what: 'completion', file, text: behind })) as string[];
  }

  async hover(file: string, word: string): Promise<string> {
    return ((await this.#ask({ what: 'hover', file, text: word })) as string[]).join('\n');
  }

  /** The number of places that a rename would change. */
  async rename(file: string, word: string, by: string): Promise<number> {
    return (await this.#ask({ what: 'rename', file, text: word, by })) as number;
  }

  async execute(command: string): Promise<unknown> {
    return await this.#ask({ what: 'execute', command });
  }

  async diagnostics(file: string): Promise<readonly string[]> {
    return (await this.#ask({ what: 'diagnostics', file })) as string[];
  }

  /** @throws Error where the editor has none of it, or is not there yet. */
  async #ask(request: object): Promise<unknown> {
    const socket = connect(this.path);
    socket.end(`${JSON.stringify(request)}\n`);
    const answer = JSON.parse(await text(socket)) as { readonly error?: string } | null;
    if (answer?.error !== undefined) throw new Error(answer.error);
    return answer;
  }
}
