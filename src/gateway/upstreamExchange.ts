import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { errorTextIn } from '../protocol/errors.ts';
import type { AnswerTap } from './bodyLog.ts';
import { type Dialect, errorEvent, GatewayError } from './gatewayError.ts';
import type { KeepAlive } from './keepAlive.ts';
import type { Lease } from './lease.ts';
import { Tunnel, type Upgrade } from './tunnel.ts';
import { type TokenUsage, UsageExtractor } from './usageExtractor.ts';

/** Nothing of the request has reached its server, so it may be sent to another one. */
export class NotBegunError extends Error {
  /** Aborted when that server has ended. */
  readonly lost: AbortSignal;

  constructor(message: string, lost: AbortSignal) {
    super(message);
    this.lost = lost;
  }
}

/** A client's request, as it is sent on to a model's server. */
export interface UpstreamRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer | IncomingMessage | undefined;
  readonly lease: Lease;
  /** Aborted when the client has disconnected. */
  readonly gone: AbortSignal;
  readonly dialect: Dialect;
  readonly keepAlive?: KeepAlive | undefined;
  /** Present where the answer is to be kept. */
  readonly tap?: AnswerTap | undefined;
  /** Present where the connection is to become a WebSocket. */
  readonly upgrade?: Upgrade;
}

/** The outcome of a request that a server has answered, wholly or in part. */
export interface ProxyResult {
  readonly failed: boolean;
  /** Time of the answer's first byte, by performance.now(). */
  readonly firstAt?: number;
  readonly endedAt: number;
  readonly usage: TokenUsage;
}

/** Headers that concern a single connection (RFC 9110, 7.6.1). */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
] as const;
const notToClient: ReadonlySet<string> = new Set(hopByHop);
/** These, those meant for the gateway itself, and those that differ on the connection to the server. */
const notToServer: ReadonlySet<string> = new Set([
  ...hopByHop,
  'expect',
  'host',
  'content-length',
  'authorization',
  'x-api-key',
  'accept-encoding',
  'x-tree-warden-keep-alive',
]);

/** Time to wait for the reason after a server has broken off, in milliseconds: its end is known a moment later, on a busy machine a second or two. */
const causeTimeoutMillis = 3000;
/** Maximum length of an error that is sent as an event, in characters. */
const maxErrorLength = 4000;
/** Maximum size of an answer that is sent as one event, in bytes. */
const maxEventBytes = 2 ** 26;

/**
 * Sends a request on to a server, and its answer back as it comes, no faster than the client reads it. Resolves when the whole answer has been passed on,
 * or when it has broken off and the client has been sent the error.
 * @throws NotBegunError, or the reason why there was no answer; nothing has been sent to the client then.
 */
export async function proxyRequest(request: UpstreamRequest, response: ServerResponse): Promise<ProxyResult> {
  const exchange = new UpstreamExchange(request, response);
  const broken = await exchange.run();
  const { failed, extractor } = exchange;
  const endedAt = performance.now();
  if (broken) await breakOff(response, request, exchange.isStream);
  return {
    failed: failed || broken,
    endedAt,
    ...(extractor?.firstAt !== undefined && { firstAt: extractor.firstAt }),
    usage: extractor?.usage() ?? {},
  };
}

/** One request on its way to a server and back. */
class UpstreamExchange implements Dispatcher.DispatchHandler {
  readonly #request: UpstreamRequest;
  readonly #response: ServerResponse;
  #resolve: (broken: boolean) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #tunnel: Tunnel | undefined;
  /** An error that has to be sent as an event, because the stream has already begun with keep-alive comments. */
  #problem: string | undefined;
  /** The chunks of an answer that is not a stream, although one was announced to the client. */
  #whole: Buffer[] | undefined;
  #wholeBytes = 0;
  extractor: UsageExtractor | undefined;
  isStream = false;

  constructor(request: UpstreamRequest, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  /** Whether the server has answered with an error. */
  get failed(): boolean {
    return this.#status >= 500 || this.#problem !== undefined;
  }

  /** Resolves with whether the answer broke off. */
  async run(): Promise<boolean> {
    const { lease, gone, method, path, body, upgrade } = this.#request;
    const done = new Promise<boolean>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const abort = (): void => {
      if (this.#tunnel) this.#tunnel.destroy();
      else this.#controller?.abort(new Error('broken off'));
    };
    gone.addEventListener('abort', abort);
    lease.lost.addEventListener('abort', abort);
    lease.connections.dispatch(
      {
        method: method as Dispatcher.HttpMethod,
        path,
        headers: headersFor(this.#request),
        body: body ?? null,
        ...(upgrade && { upgrade: 'websocket' }),
      },
      this,
    );
    try {
      return await done;
    } finally {
      // The server's signal outlives this request.
      lease.lost.removeEventListener('abort', abort);
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const { gone, lease } = this.#request;
    this.#controller = controller;
    if (gone.aborted || lease.lost.aborted) controller.abort(new Error('broken off'));
  }

  /** Resolves as any other answer does when it is over. */
  onRequestUpgrade(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders, socket: Duplex): void {
    const { upgrade, gone, lease } = this.#request;
    if (!upgrade || gone.aborted || lease.lost.aborted) {
      socket.destroy();
      this.#reject(gone.aborted ? gone.reason : new GatewayError(502, 'The server has accepted a WebSocket that is no longer wanted.'));
      return;
    }
    this.#status = status;
    this.#tunnel = new Tunnel(upgrade, socket, headers);
    void this.#tunnel.closed.then(() => this.#resolve(false));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // An informational response, not yet the answer.
    if (status < 200) return;
    this.#status = status;
    const contentType = headers['content-type'] ?? '';
    this.isStream = contentType.startsWith('text/event-stream');
    if (this.#response.headersSent) {
      // An answer that is not a stream is sent as one event, when it is complete.
      if (status >= 400) this.#problem = '';
      else if (!this.isStream) this.#whole = [];
      this.isStream = true;
    } else {
      this.#response.writeHead(status, headersOf(headers));
      // A stream's first event may be a long time away; that it is a stream is known now. The head of anything else goes along with its body.
      if (this.isStream) this.#response.flushHeaders();
      else this.#request.keepAlive?.stop();
    }
    this.extractor = new UsageExtractor(contentType);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#request.tap?.add(chunk);
    if (this.#problem !== undefined) {
      this.#problem = (this.#problem + chunk.toString()).slice(0, maxErrorLength);
      return;
    }
    this.extractor?.add(chunk);
    if (this.#whole) {
      this.#whole.push(chunk);
      this.#wholeBytes += chunk.length;
      if (this.#wholeBytes > maxEventBytes) controller.abort(new Error('it is too long to be sent as one event'));
      return;
    }
    this.#request.keepAlive?.passed(chunk);
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    if (this.#whole) this.#response.write(asEvent(Buffer.concat(this.#whole).toString()));
    const { dialect } = this.#request;
    this.#response.end(
      this.#problem === undefined ? undefined : errorEvent(new GatewayError(this.#status, errorTextIn(this.#problem)), dialect),
    );
    this.#resolve(false);
  }

  onResponseError(_controller: unknown, error: NodeJS.ErrnoException): void {
    const { gone, lease, body } = this.#request;
    if (this.#status > 0) this.#resolve(!gone.aborted);
    else if (gone.aborted) this.#reject(gone.reason);
    // No process listens there: nothing was sent.
    else if (error.code === 'ECONNREFUSED' && (body === undefined || Buffer.isBuffer(body)))
      this.#reject(new NotBegunError(error.message, lease.lost));
    else void causeOf(lease, new GatewayError(502, `The server broke off before it had answered: ${error.message}.`)).then(this.#reject);
  }
}

/** An event may have several lines of data. */
function asEvent(text: string): string {
  return `${text
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join('')}\n`;
}

function headersFor({ headers, body }: UpstreamRequest): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && !notToServer.has(name)) kept[name] = value;
  }
  // A body that is passed on unread has the length that its client states; without one, it is sent in chunks.
  if (body !== undefined && !Buffer.isBuffer(body) && headers['content-length'] !== undefined)
    kept['content-length'] = headers['content-length'];
  return kept;
}

function headersOf(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const name in headers) if (!notToClient.has(name)) kept[name] = headers[name];
  return kept;
}

/** A stream of events gets one more event with the error; any other answer is cut off, so that the client notices. */
async function breakOff(response: ServerResponse, { lease, dialect }: UpstreamRequest, isStream: boolean): Promise<void> {
  const error = await causeOf(lease, new GatewayError(502, 'The server broke off its answer.'));
  if (isStream) response.end(errorEvent(error, dialect));
  else response.destroy();
}

/** The reason for the server's end, where it becomes known in time. */
async function causeOf({ lost }: Lease, otherwise: GatewayError): Promise<GatewayError> {
  await isAborted(lost, causeTimeoutMillis);
  return lost.reason instanceof GatewayError ? lost.reason : otherwise;
}

/** Whether the signal is aborted within this time, in milliseconds. */
export async function isAborted(signal: AbortSignal, millis: number): Promise<boolean> {
  if (!signal.aborted) await wait(millis, undefined, { signal }).catch(() => undefined);
  return signal.aborted;
}
