import { stripVTControlCharacters } from 'node:util';
import type { WardenClient } from '../../client/wardenClient.ts';
import type { TreeId } from '../../protocol/messages.ts';

/** Text is handed on so often, in milliseconds, and so many characters of it: the page shows the end of it only. */
const handOnMillis = 100;
const kept = 64 * 1024;

/** The output of one tree for the dashboard's page, as plain text. */
export class OutputFeed {
  readonly #handOn: (text: string, anew: boolean) => void;
  readonly #timer: NodeJS.Timeout;
  #subscription: { cancel(): void } | undefined;
  #pending = '';
  #anew = true;
  #disposed = false;

  /** `anew`: it is of another tree than what was handed on before. */
  constructor(handOn: (text: string, anew: boolean) => void) {
    this.#handOn = handOn;
    this.#timer = setInterval(() => this.#flush(), handOnMillis);
  }

  async follow(client: WardenClient, tree: TreeId): Promise<void> {
    const decoder = new TextDecoder();
    const subscription = await client.readOutput(
      { tree, from: 0, whenBehind: 'skip', follow: true },
      {
        onChunk: (chunk) => {
          this.#pending = `${this.#pending}${plain(decoder.decode(chunk, { stream: true }))}`.slice(-kept);
        },
        onEnd: () => {
          this.#flush();
          clearInterval(this.#timer);
        },
      },
    );
    if (this.#disposed) subscription.cancel();
    else this.#subscription = subscription;
  }

  dispose(): void {
    this.#disposed = true;
    clearInterval(this.#timer);
    this.#subscription?.cancel();
  }

  #flush(): void {
    if (this.#disposed || (this.#pending === '' && !this.#anew)) return;
    this.#handOn(this.#pending, this.#anew);
    this.#pending = '';
    this.#anew = false;
  }
}

/** Without colours, cursor movements and the carriage returns of a terminal. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\r', '');
}
