import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const tls = new URL('../fixtures/tls/', import.meta.url);
/** Of the server where it is an https one: no authority knows it. */
export const certificateFile = fileURLToPath(new URL('certificate.pem', tls));

export interface RemoteRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answer = (request: RemoteRequest, response: ServerResponse) => void;

/** A server of models elsewhere, as far as a gateway can tell. It remembers what it was asked. */
export class RemoteServer implements AsyncDisposable {
  readonly requests: RemoteRequest[] = [];
  readonly #server: Server;
  readonly #isSecure: boolean;
  /** What it answers to all but looks at its list of models. */
  answer: Answer = answerChat;
  /** Status of its answers to looks. */
  lookStatus = 200;
  /** Behind those. */
  padding = '';

  static async start({ isSecure = false, port = 0 } = {}): Promise<RemoteServer> {
    const remote = new RemoteServer(isSecure);
    await new Promise<void>((resolve, reject) => remote.#server.once('error', reject).listen(port, '127.0.0.1', resolve));
    return remote;
  }

  private constructor(isSecure: boolean) {
    this.#isSecure = isSecure;
    const serve = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    const pem = (name: string): string => readFileSync(new URL(name, tls), 'utf8');
    this.#server = isSecure ? createSecureServer({ key: pem('key.pem'), cert: pem('certificate.pem') }, serve) : createServer(serve);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#isSecure ? 'https' : 'http'}://127.0.0.1:${this.port}/api/v1`;
  }

  /** Those that were not looks. */
  get asked(): readonly RemoteRequest[] {
    return this.requests.filter(({ method }) => method === 'POST');
  }

  get looks(): number {
    return this.requests.length - this.asked.length;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const { method = '', url: path = '', headers } = request;
    const one = { method, path, headers, body };
    this.requests.push(one);
    if (method === 'POST') this.answer(one, response);
    else
      response
        .writeHead(this.lookStatus, { 'content-type': 'application/json' })
        .end(`{"error":"${this.lookStatus} ${headers.authorization}${this.padding}"}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Costs ten tokens. */
export function answerChat(_request: RemoteRequest, response: ServerResponse): void {
  const answer = { choices: [{ message: { role: 'assistant', content: 'from afar' } }], usage: { prompt_tokens: 7, completion_tokens: 3 } };
  response.writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'a=b' }).end(JSON.stringify(answer));
}
