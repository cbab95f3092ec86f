import { Agent, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { proxyFetch } from 'httpxy';
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

/** What concerns one connection only (RFC 9110, 7.6.1), what is the gateway's own, and what is another one behind it. */
const ownHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
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

/** Connections to servers are kept, as many as there are requests. */
const agent = new Agent({ keepAlive: true });

/** Sends a request on to a server, and its answer back as it comes, no faster than the client takes it. */
export async function relay(errand: Errand, response: ServerResponse): Promise<Relayed> {
  const { lease, gone, dialect } = errand;
  const answer = await send(errand);
  const { status, headers, body } = answer;
  const contentType = String(headers['content-type'] ?? '');
  const tap = new AnswerTap(contentType);
  const hasBegun = response.headersSent;
  if (!hasBegun) {
    response.writeHead(status, headers);
    // A stream's first event may be a long time away; that it is a stream is known now. The head of anything else goes along with its body.
    if (contentType.startsWith('text/event-stream')) response.flushHeaders();
  } else if (status >= 400) {
    response.end(errorEvent(new GatewayError(status, await textOf(body)), dialect));
    return { failed: true, endedAt: performance.now(), usage: {} };
  }
  if (body === null) {
    response.end();
    return { failed: status >= 500, endedAt: performance.now(), usage: {} };
  }
  const broken = await pass(body, response, tap);
  const endedAt = performance.now();
  if (broken && !gone.aborted) await breakOff(response, contentType, dialect, lease);
  return {
    failed: (broken && !gone.aborted) || status >= 500,
    endedAt,
    ...(tap.firstAt !== undefined && { firstAt: tap.firstAt }),
    usage: tap.usage(),
  };
}

/** An answer as it is: its body a stream of Node's, which knows of backpressure and of its end. */
class Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: IncomingMessage | null;

  constructor(body: IncomingMessage | null, init: { readonly status: number; readonly headers: readonly (readonly [string, string])[] }) {
    this.status = init.status;
    this.body = body;
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of init.headers) {
      const key = name.toLowerCase();
      headers[key] = headers[key] === undefined ? value : [headers[key], value].flat();
    }
    this.headers = headers;
  }
}

async function send({ method, path, headers, body, lease, gone }: Errand): Promise<Answer> {
  const { signal, release } = eitherOf(gone, lease.lost);
  const kept = Object.fromEntries(Object.entries(headers).filter(([name, value]) => value !== undefined && !ownHeaders.has(name)));
  if (Buffer.isBuffer(body)) kept['content-length'] = String(body.length);
  try {
    const answer: unknown = await proxyFetch(
      { host: '127.0.0.1', port: lease.port },
      `http://127.0.0.1:${lease.port}${path}`,
      {
        method,
        headers: kept as Record<string, string>,
        signal,
        ...(body !== undefined && { body: (Buffer.isBuffer(body) ? body : Readable.toWeb(body)) as NonNullable<RequestInit['body']> }),
      },
      { agent, Response: Answer as unknown as typeof Response },
    );
    const { body: stream } = answer as Answer;
    if (stream) stream.once('close', release);
    else release();
    return answer as Answer;
  } catch (error) {
    release();
    const { code, message } = error as NodeJS.ErrnoException;
    if (gone.aborted) throw gone.reason;
    // Nobody listens there: nothing was sent.
    if (code === 'ECONNREFUSED' && (body === undefined || Buffer.isBuffer(body))) throw new NotBegunError(message, lease.lost);
    throw await causeOf(lease, new GatewayError(502, `The server broke off before it had answered: ${message}.`));
  }
}

/** As AbortSignal.any, at a third of its price, which counts where each request needs one; to be released, for the lease lives on. */
function eitherOf(one: AbortSignal, other: AbortSignal): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  for (const signal of [one, other]) {
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
  }
  return {
    signal: controller.signal,
    release: () => {
      for (const signal of [one, other]) signal.removeEventListener('abort', abort);
    },
  };
}

/** Resolves when all has been passed on, or no more can be; answers whether something was left. */
function pass(body: IncomingMessage, response: ServerResponse, tap: AnswerTap): Promise<boolean> {
  return new Promise((resolve) => {
    body.on('data', (chunk: Buffer) => tap.add(chunk));
    body.on('error', () => resolve(true));
    body.on('close', () => resolve(!body.complete));
    response.on('close', () => {
      body.destroy();
      resolve(!response.writableFinished);
    });
    response.on('finish', () => resolve(false));
    body.pipe(response);
  });
}

/** A stream of events gets one more, which says what has happened; of anything else, the client has to see that it is cut off. */
async function breakOff(response: ServerResponse, contentType: string, dialect: Dialect, lease: Lease): Promise<void> {
  const error = await causeOf(lease, new GatewayError(502, 'The server broke off its answer.'));
  if (contentType.startsWith('text/event-stream')) response.end(errorEvent(error, dialect));
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

async function textOf(body: IncomingMessage | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of (body ?? []) as AsyncIterable<Buffer>) if (chunks.length < 100) chunks.push(chunk);
  return Buffer.concat(chunks).toString().slice(0, 4000);
}
