import { stripVTControlCharacters } from 'node:util';
import { OutputFollower } from '../../client/outputFollower.ts';
import type { WardenClient } from '../../client/wardenClient.ts';
import type { TreeId } from '../../protocol/identity.ts';
import { errorText } from '../localized.ts';

/** Interval in milliseconds at which text is sent to the page. */
const flushMillis = 100;
/** Maximum number of pending characters; the page shows only the end of the output. */
const maxPending = 64 * 1024;

/** The output of one tree for the dashboard's page, as plain text. */
export class OutputFeed {
  readonly #send: (text: string, anew: boolean) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #output = new OutputFollower();
  #pending = '';
  #anew = true;
  #disposed = false;

  /** `anew` is true for the first text of a tree. */
  constructor(send: (text: string, anew: boolean) => void) {
    this.#send = send;
    this.#timer = setInterval(() => this.#flush(), flushMillis);
  }

  follow(client: Promise<WardenClient>, tree: TreeId): void {
    const decoder = new TextDecoder();
    this.#output.follow(
      client,
      { tree, from: 0, whenBehind: 'skip', follow: true },
      {
        onChunk: (chunk) => {
          this.#pending = `${this.#pending}${plain(decoder.decode(chunk, { stream: true }))}`.slice(-maxPending);
        },
        onEnd: (end) => {
          if (end.how === 'failed') this.#pending += errorText(end.error);
          this.#flush();
          clearInterval(this.#timer);
        },
      },
    );
  }

  dispose(): void {
    this.#disposed = true;
    clearInterval(this.#timer);
    this.#output[Symbol.dispose]();
  }

  #flush(): void {
    if (this.#disposed || (this.#pending === '' && !this.#anew)) return;
    this.#send(this.#pending, this.#anew);
    this.#pending = '';
    this.#anew = false;
  }
}

/** The text without colors, cursor movements and carriage returns. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\r', '');
}
