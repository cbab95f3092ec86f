import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { AnswerTap, type TokenUsage } from './answerTap.ts';
import { type Dialect, errorEvent, GatewayError } from './gatewayError.ts';
import type { Lease } from './lease.ts';

/** Nothing of a request has reached its server: another one may have it. */
export class NotBegunError extends Error {
  /** Aborted when that server has ended. */
  readonly lost: AbortSignal;

  constructor(message: string, lost: AbortSignal) {
    super(message);
    this.lost = lost;
  }
}

export interface Errand {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer | IncomingMessage | undefined;
  readonly lease: Lease;
  /** The client has gone. */
  readonly gone: AbortSignal;
  readonly dialect: Dialect;
}

export interface Relayed {
  readonly failed: boolean;
  /** By performance.now(). */
  readonly firstAt?: number;
  readonly endedAt: number;
  readonly usage: TokenUsage;
}

/** What concerns one connection only (RFC 9110, 7.6.1). */
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
/** And what is the gateway's own, and what is another one behind it. */
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

/** When a server breaks off, its end is known a moment later, on a busy machine a second or two: so long, in milliseconds, is waited to say why. */
const causePatience = 3000;
/** Of an error that has to be told in a stream, so many characters. */
const quoted = 4000;

/**
 * Sends a request on to a server, and its answer back as it comes, no faster than the client takes it. Resolves when all of it has been passed on, or
 * no more can be; what has broken off has been said to the client by then.
 * @throws NotBegunError, or the reason why nothing was answered, of which the client knows nothing yet.
 */
export async function relay(errand: Errand, response: ServerResponse): Promise<Relayed> {
  const passage = new Passage(errand, response);
  const broken = await passage.run();
  const { failed, tap } = passage;
  const endedAt = performance.now();
  if (broken) await breakOff(response, errand, passage.isStream);
  return { failed: failed || broken, endedAt, ...(tap?.firstAt !== undefined && { firstAt: tap.firstAt }), usage: tap?.usage() ?? {} };
}

/** One request on its way to a server and back. */
class Passage implements Dispatcher.DispatchHandler {
  readonly #errand: Errand;
  readonly #response: ServerResponse;
  #resolve: (broken: boolean) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  /** An error that has to be told as an event, because its stream has begun with signs of life. */
  #problem: string | undefined;
  tap: AnswerTap | undefined;
  isStream = false;

  constructor(errand: Errand, response: ServerResponse) {
    this.#errand = errand;
    this.#response = response;
  }

  /** The server has said that it could not answer. */
  get failed(): boolean {
    return this.#status >= 500 || this.#problem !== undefined;
  }

  /** Resolves with whether it was broken off. */
  async run(): Promise<boolean> {
    const { lease, gone, method, path, body } = this.#errand;
    const done = new Promise<boolean>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const abort = (): void => this.#controller?.abort(new Error('broken off'));
    gone.addEventListener('abort', abort);
    lease.lost.addEventListener('abort', abort);
    lease.connections.dispatch(
      { method: method as Dispatcher.HttpMethod, path, headers: headersFor(this.#errand), body: body ?? null },
      this,
    );
    try {
      return await done;
    } finally {
      // The server's signal lives on.
      lease.lost.removeEventListener('abort', abort);
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const { gone, lease } = this.#errand;
    this.#controller = controller;
    if (gone.aborted || lease.lost.aborted) controller.abort(new Error('broken off'));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // A hint that is no answer yet.
    if (status < 200) return;
    this.#status = status;
    const contentType = headers['content-type'] ?? '';
    this.isStream = contentType.startsWith('text/event-stream');
    if (this.#response.headersSent) {
      this.isStream = true;
      if (status >= 400) this.#problem = '';
    } else {
      this.#response.writeHead(status, headersOf(headers));
      // A stream's first event may be a long time away; that it is a stream is known now. The head of anything else goes along with its body.
      if (this.isStream) this.#response.flushHeaders();
    }
    this.tap = new AnswerTap(contentType);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#problem !== undefined) {
      this.#problem = (this.#problem + chunk.toString()).slice(0, quoted);
      return;
    }
    this.tap?.add(chunk);
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    const { dialect } = this.#errand;
    this.#response.end(this.#problem === undefined ? undefined : errorEvent(new GatewayError(this.#status, this.#problem), dialect));
    this.#resolve(false);
  }

  onResponseError(_controller: unknown, error: NodeJS.ErrnoException): void {
    const { gone, lease, body } = this.#errand;
    if (this.#status > 0) this.#resolve(!gone.aborted);
    else if (gone.aborted) this.#reject(gone.reason);
    // Nobody listens there: nothing was sent.
    else if (error.code === 'ECONNREFUSED' && (body === undefined || Buffer.isBuffer(body)))
      this.#reject(new NotBegunError(error.message, lease.lost));
    else causeOf(lease, new GatewayError(502, `The server broke off before it had answered: ${error.message}.`)).then(this.#reject);
  }
}

function headersFor({ headers, body }: Errand): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && !notToServer.has(name)) kept[name] = value;
  }
  // What is passed on unread is as long as its client says; where it does not say, it goes in chunks.
  if (body !== undefined && !Buffer.isBuffer(body) && headers['content-length'] !== undefined)
    kept['content-length'] = headers['content-length'];
  return kept;
}

function headersOf(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const name in headers) if (!notToClient.has(name)) kept[name] = headers[name];
  return kept;
}

/** A stream of events gets one more, which says what has happened; of anything else, the client has to see that it is cut off. */
async function breakOff(response: ServerResponse, { lease, dialect }: Errand, isStream: boolean): Promise<void> {
  const error = await causeOf(lease, new GatewayError(502, 'The server broke off its answer.'));
  if (isStream) response.end(errorEvent(error, dialect));
  else response.destroy();
}

/** Why the server has gone, where that is known in a moment. */
async function causeOf({ lost }: Lease, otherwise: GatewayError): Promise<GatewayError> {
  await isAborted(lost, causePatience);
  return lost.reason instanceof GatewayError ? lost.reason : otherwise;
}

/** Whether it is within so many milliseconds. */
export async function isAborted(signal: AbortSignal, millis: number): Promise<boolean> {
  if (!signal.aborted) await wait(millis, undefined, { signal }).catch(() => undefined);
  return signal.aborted;
}
