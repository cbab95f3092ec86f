import type { IncomingMessage, ServerResponse } from 'node:http';
import { isLoopback } from '../loopback/hostName.ts';

/** So long, in seconds, a browser remembers that it may. */
const remembered = '600';

/**
 * Pages in a browser that may read answers: those of servers on this machine, such as one that is being developed here, those of the editor, and those of further
 * origins that the user has named. Each needs the token as any other client does.
 */
export class Pages {
  #origins: ReadonlySet<string> = new Set();

  /** Beside those of this machine and the editor: these, to the letter, and no others. */
  allow(origins: readonly string[]): void {
    this.#origins = new Set(origins);
  }

  /** Whether a browser asks if its page may ask: it shows no token with that. */
  isPreflight({ method, headers }: IncomingMessage): boolean {
    return (
      method === 'OPTIONS' &&
      headers['access-control-request-method'] !== undefined &&
      headers.origin !== undefined &&
      this.mayAsk(headers.origin)
    );
  }

  /** Says to the browser that its page may read the answer, where it may; answers itself where that is all that is asked. */
  admit(request: IncomingMessage, response: ServerResponse): 'answered' | 'to be answered' {
    const { headers } = request;
    const { origin } = headers;
    if (origin === undefined || !this.mayAsk(origin)) return 'to be answered';
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Vary', 'Origin');
    if (!this.isPreflight(request)) return 'to be answered';
    response
      .writeHead(204, {
        'Access-Control-Allow-Methods': headers['access-control-request-method'],
        'Access-Control-Allow-Headers': headers['access-control-request-headers'] ?? '',
        'Access-Control-Max-Age': remembered,
      })
      .end();
    return 'answered';
  }

  mayAsk(origin: string): boolean {
    if (this.#origins.has(origin)) return true;
    if (!URL.canParse(origin)) return false;
    const { protocol, hostname } = new URL(origin);
    return protocol === 'vscode-webview:' || isLoopback(hostname);
  }
}
