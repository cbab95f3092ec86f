import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Admission, type AdmissionLimits, admissionLimits } from './admission.ts';
import { hostNameOf, isLoopback } from './hostName.ts';
import { bearerOf, isToken, parseToken } from './token.ts';

/** Why a request is not served. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly message: string;
}

export interface LoopbackServerOptions {
  /** Of 127.0.0.1; 0: any that is free. */
  readonly port: number;
  /** What clients have to show, as a bearer token or as `X-API-Key`; absent: nothing, and no connection outlives its answer. */
  readonly token?: string;
  /** Whether this may be shown instead. */
  readonly isOtherToken?: (shown: string) => boolean;
  /** How many files this process may have open. */
  readonly descriptors?: number;
  /** Whether it is served without a token. */
  readonly isPublic?: (request: IncomingMessage) => boolean;
  readonly serve: (request: IncomingMessage, response: ServerResponse) => void;
  /** Says so to the client; the connection is closed behind it. */
  readonly refuse: (request: IncomingMessage, response: ServerResponse, refusal: Refusal) => void;
  /** Of requests that become a WebSocket; absent: there are none. `response` is for who refuses it. */
  readonly upgrade?: (request: IncomingMessage, connection: { socket: Duplex; head: Buffer; response: ServerResponse }) => void;
  /** Milliseconds that a request may take to arrive, its body included; 0: as long as it takes. */
  readonly requestMillis: number;
  /** Where its connections are bounded otherwise than by {@link admissionLimits}. */
  readonly limits?: Partial<AdmissionLimits>;
}

/** Milliseconds that the head of a request may take to arrive, and between two looks at who takes longer. */
const headersMillis = 10_000;
const checkMillis = 2000;
const defaultDescriptors = 1024;

/**
 * A server on loopback, where every process of every user of this machine can connect: it serves who shows the token, and sends the request to a name of
 * loopback. What has not shown it is bounded in number and in time.
 */
export class LoopbackServer {
  readonly port: number;
  readonly #server: Server;
  readonly #options: LoopbackServerOptions;
  readonly #token: string | undefined;
  readonly #admission: Admission;

  /** @throws Error where the port cannot be listened on, or the token is none. */
  static async listen(options: LoopbackServerOptions): Promise<LoopbackServer> {
    const token = options.token === undefined ? undefined : parseToken(options.token);
    const server = createServer({
      headersTimeout: headersMillis,
      requestTimeout: options.requestMillis,
      connectionsCheckingInterval: checkMillis,
    });
    // An answer may be long in coming.
    server.timeout = 0;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, '127.0.0.1', () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
    return new LoopbackServer(server, options, token);
  }

  private constructor(server: Server, options: LoopbackServerOptions, token: string | undefined) {
    this.#server = server;
    this.#options = options;
    this.#token = token;
    this.port = (server.address() as AddressInfo).port;
    this.#admission = new Admission({ ...admissionLimits(options.descriptors ?? defaultDescriptors), ...options.limits });
    // No descriptor may be free for a moment: the next connection has one again.
    server.on('error', () => undefined);
    server.on('connection', (socket) => this.#admission.admit(socket));
    server.on('request', (request, response) => this.#serve(request, response));
    if (options.upgrade) server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head));
  }

  /** Who is being answered gets the end of it. */
  close(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  /** No client gets anything any more. */
  closeNow(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => undefined);
    if (this.#isAdmitted(request, response)) this.#options.serve(request, response);
  }

  /** Refuses it where it is not. */
  #isAdmitted(request: IncomingMessage, response: ServerResponse): boolean {
    const refusal = this.#refusalOf(request);
    if (refusal) {
      response.setHeader('Connection', 'close');
      // What is not read would reset the connection before the client has read why.
      request.resume();
      this.#options.refuse(request, response, refusal);
      return false;
    }
    if (this.#token === undefined) response.setHeader('Connection', 'close');
    return true;
  }

  #refusalOf(request: IncomingMessage): Refusal | undefined {
    const { headers, socket } = request;
    const host = hostNameOf(headers.host);
    if (!isLoopback(host)) return { status: 403, message: `'${host}' is not a name of this machine’s loopback interface` };
    if (this.#token === undefined) return undefined;
    const shown = shownBy(request);
    if (isToken(shown, this.#token) || this.#options.isOtherToken?.(shown)) this.#admission.authorise(socket);
    else if (!this.#options.isPublic?.(request)) return { status: 401, message: 'The token is missing or wrong' };
    return undefined;
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    socket.setTimeout(0);
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      this.#withoutUpgrade(request, socket, head);
      return;
    }
    const response = new ServerResponse(request);
    try {
      response.assignSocket(socket);
    } catch {
      // It has not waited for the answer to the request before.
      socket.destroy();
      return;
    }
    response.shouldKeepAlive = false;
    response.on('error', () => undefined);
    response.once('finish', () => socket.destroySoon());
    if (this.#isAdmitted(request, response)) this.#options.upgrade?.(request, { socket, head, response });
  }

  /**
   * What a client would like to speak from now on is not spoken here (`h2c`, as clients in Java ask for with each first request): that is ignored, as HTTP has it.
   * Node takes any upgrade out of its hands where there are some, so the request comes in once more, without.
   */
  #withoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage, socket: Socket, head: Buffer): void {
    const lines = [`${method} ${url} HTTP/${httpVersion}`];
    for (let at = 0; at < rawHeaders.length; at += 2) {
      const name = rawHeaders[at] ?? '';
      if (!/^(upgrade|connection|http2-settings)$/i.test(name)) lines.push(`${name}: ${rawHeaders[at + 1]}`);
    }
    socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
    this.#server.emit('connection', socket);
  }
}

/** A page cannot set headers of a WebSocket: what it can say is which protocols it speaks, where OpenAI's clients show their key. */
const keyProtocol = 'openai-insecure-api-key.';

/** What a request shows as its token; empty where it shows none. */
export function shownBy({ headers }: IncomingMessage): string {
  const key = headers['x-api-key'];
  if (typeof key === 'string') return key;
  if (headers.authorization !== undefined) return bearerOf(headers.authorization);
  const protocol = protocolsOf(headers).find((name) => name.startsWith(keyProtocol));
  return headers.upgrade !== undefined && protocol !== undefined ? protocol.slice(keyProtocol.length) : '';
}

/** The headers of a WebSocket, without what shows the token. */
export function withoutKey(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { 'sec-websocket-protocol': _, ...others } = headers;
  const protocols = protocolsOf(headers).filter((name) => !name.startsWith(keyProtocol));
  return protocols.length > 0 ? { ...others, 'sec-websocket-protocol': protocols.join(', ') } : others;
}

function protocolsOf(headers: IncomingMessage['headers']): string[] {
  return (headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
}
