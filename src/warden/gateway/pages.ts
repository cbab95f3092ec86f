/** Pages in a browser that may ask: those of servers on this machine, such as one that is being developed here, and those of the editor. They need the token like anybody else. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isLoopback } from '../../protocol/loopback.ts';

/** So long, in seconds, a browser remembers that it may. */
const remembered = '600';

/** Says to the browser that its page may read the answer, where it may; answers itself where that is all that is asked. */
export function admitPage({ method, headers }: IncomingMessage, response: ServerResponse): 'answered' | 'to be answered' {
  const { origin } = headers;
  if (origin === undefined || !mayAsk(origin)) return 'to be answered';
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Vary', 'Origin');
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return 'to be answered';
  response
    .writeHead(204, {
      'Access-Control-Allow-Methods': headers['access-control-request-method'],
      'Access-Control-Allow-Headers': headers['access-control-request-headers'] ?? '',
      'Access-Control-Max-Age': remembered,
    })
    .end();
  return 'answered';
}

function mayAsk(origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, hostname } = new URL(origin);
  return protocol === 'vscode-webview:' || isLoopback(hostname);
}
