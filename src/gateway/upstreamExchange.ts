import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import type { AnswerTap } from './activity/bodyLog.ts';
import { type AnswerWriter, hopByHop } from './answerWriter.ts';
import { type Dialect, GatewayError } from './gatewayError.ts';
import type { KeepAlive } from './keepAlive.ts';
import type { Lease } from './lease.ts';
import { PassedAnswer } from './passedAnswer.ts';
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

/** The server has nothing at the path of the request; nothing has been sent to the client. */
export class NoSuchPathError extends Error {}

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
  /** Present where the request can be asked in another way: whether this answer says that the server has nothing at the path. */
  readonly isNoSuchPath?: (text: string) => boolean;
  /** Present where the answer is to be kept, as the server has sent it. */
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

/** How servers answer at a path that they do not have. */
export const mayMeanNoPath: ReadonlySet<number> = new Set([404, 405, 501]);
/** Time to wait for the reason after a server has broken off, in milliseconds: its end is known a moment later, on a busy machine a second or two. */
const causeTimeoutMillis = 3000;
/** Maximum size of an answer that says that there is nothing at a path, in bytes. */
const maxRefusalBytes = 2 ** 16;

/**
 * Sends a request on to a server, and its answer back as it comes, no faster than the client reads it. Resolves when the whole answer has been passed on,
 * or when it has broken off and the client has been sent the error. `writer`: absent, the answer is passed on as it is.
 * @throws NotBegunError, NoSuchPathError, or the reason why there was no answer; nothing has been sent to the client then.
 */
export async function proxyRequest(
  request: UpstreamRequest,
  response: ServerResponse,
  writer: AnswerWriter = new PassedAnswer(response, request.dialect, request.keepAlive),
): Promise<ProxyResult> {
  const exchange = new UpstreamExchange(request, response, writer);
  const broken = await exchange.run();
  const { extractor } = exchange;
  const endedAt = performance.now();
  if (broken) writer.breakOff(await causeOf(request.lease, new GatewayError(502, 'The server broke off its answer.')));
  return {
    failed: writer.failed || broken || (extractor?.endsWithError() ?? false),
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
  readonly #writer: AnswerWriter;
  /** What makes the rest of the answer useless. */
  #problem: GatewayError | undefined;
  /** An answer of which it is not known yet whether the client gets it. */
  #held: { readonly headers: IncomingHttpHeaders; readonly chunks: Buffer[]; bytes: number } | undefined;
  extractor: UsageExtractor | undefined;

  constructor(request: UpstreamRequest, response: ServerResponse, writer: AnswerWriter) {
    this.#request = request;
    this.#response = response;
    this.#writer = writer;
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
    if (this.#request.isNoSuchPath && mayMeanNoPath.has(status)) this.#held = { headers, chunks: [], bytes: 0 };
    else this.#begin(headers);
  }

  #begin(headers: IncomingHttpHeaders): void {
    this.#writer.start(this.#status, headers);
    this.extractor = new UsageExtractor(headers['content-type'] ?? '');
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#held) {
      this.#held.bytes += chunk.length;
      if (this.#held.bytes > maxRefusalBytes) controller.abort(new Error('it is too long for an error'));
      else this.#held.chunks.push(chunk);
      return;
    }
    this.#request.tap?.add(chunk);
    this.extractor?.add(chunk);
    if (this.#isTaken(chunk, controller)) return;
    controller.pause();
    this.#response.once('drain', () => controller.resume());
  }

  #isTaken(chunk: Buffer, controller: Dispatcher.DispatchController): boolean {
    try {
      return this.#writer.write(chunk);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      this.#problem = error;
      controller.abort(error);
      return true;
    }
  }

  onResponseEnd(): void {
    if (this.#held) {
      const { headers, chunks } = this.#held;
      const text = Buffer.concat(chunks);
      if (this.#request.isNoSuchPath?.(text.toString())) {
        this.#reject(new NoSuchPathError());
        return;
      }
      this.#begin(headers);
      this.#request.tap?.add(text);
      this.#writer.write(text);
    }
    this.#writer.end();
    this.#resolve(false);
  }

  onResponseError(_controller: unknown, error: NodeJS.ErrnoException): void {
    const { gone, lease, body } = this.#request;
    if (this.#held && !gone.aborted) this.#reject(new NoSuchPathError());
    else if (this.#problem) {
      this.#writer.breakOff(this.#problem);
      this.#resolve(false);
    } else if (this.#status > 0) this.#resolve(!gone.aborted);
    else if (gone.aborted) this.#reject(gone.reason);
    // It says all that is known.
    else if (error instanceof GatewayError) this.#reject(error);
    // No process listens there: nothing was sent.
    else if (error.code === 'ECONNREFUSED' && (body === undefined || Buffer.isBuffer(body)))
      this.#reject(new NotBegunError(error.message, lease.lost));
    else void causeOf(lease, new GatewayError(502, `The server broke off before it had answered: ${error.message}.`)).then(this.#reject);
  }
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

/** The reason for the server's end, where it becomes known in time; of one elsewhere it never is. */
async function causeOf({ lost, server }: Lease, otherwise: GatewayError): Promise<GatewayError> {
  if (server !== undefined) await isAborted(lost, causeTimeoutMillis);
  return lost.reason instanceof GatewayError ? lost.reason : otherwise;
}

/** Whether the signal is aborted within this time, in milliseconds. */
export async function isAborted(signal: AbortSignal, millis: number): Promise<boolean> {
  if (!signal.aborted) await wait(millis, undefined, { signal }).catch(() => undefined);
  return signal.aborted;
}
