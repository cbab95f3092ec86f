import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import { errorText } from '../../protocol/errors.ts';
import type { RemoteUpstream } from '../../protocol/remoteModels.ts';
import { GatewayError } from '../gatewayError.ts';
import { KeyMask } from './keyMask.ts';
import { headersToClient, headersToServer } from './remoteHeaders.ts';

/** Time that a connection may take, its encryption included; in milliseconds. */
const connectMillis = 10_000;

/** Hears of each request how the server has taken it. */
export interface RemoteListener {
  /** With its status. */
  onAnswer(status: number): void;
  /** It did not answer, or broke off; `reason` as a clause. */
  onFailure(reason: string): void;
}

/** Host, and port where that is not the usual one. */
export function hostOf({ url }: RemoteUpstream): string {
  return new URL(url).host;
}

/**
 * Connections to a server elsewhere: the paths of this gateway's API are mapped onto its address, and the key is added. Its certificate is checked as Node does it;
 * NODE_EXTRA_CA_CERTS adds authorities.
 */
export function remoteConnections(remote: RemoteUpstream, listener: RemoteListener): Dispatcher.ComposedDispatcher {
  const { origin, pathname } = new URL(remote.url);
  const base = pathname.replace(/\/$/, '');
  const pool = new Pool(origin, {
    connections: null,
    connect: { timeout: connectMillis },
    headersTimeout: remote.timeoutMillis,
    bodyTimeout: remote.timeoutMillis,
  });
  return pool.compose((dispatch) => (options, handler) => {
    const path = `${base}${options.path.replace(/^\/v1(?=\/)/, '')}`;
    return dispatch({ ...options, path, headers: headersToServer(options.headers, remote) }, new RemoteHandler(handler, remote, listener));
  });
}

/** Between the server and who has asked it: tells what the answer begins with, and what went wrong as the client is to be told. */
class RemoteHandler implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #remote: RemoteUpstream;
  readonly #listener: RemoteListener;
  #hasBegun = false;
  /** Present where the answer is an error. */
  #mask: KeyMask | undefined;
  /** When the first informational response came, by performance.now(). */
  #informedAt: number | undefined;
  /** What is wrong with the server where it was given up. */
  #problem: string | undefined;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(handler: Dispatcher.DispatchHandler, remote: RemoteUpstream, listener: RemoteListener) {
    this.#handler = handler;
    this.#remote = remote;
    this.#listener = listener;
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#controller = controller;
    this.#handler.onRequestStart?.(controller, context);
  }

  onRequestUpgrade(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders, socket: Duplex): void {
    this.#handler.onRequestUpgrade?.(controller, status, headers, socket);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders, message?: string): void {
    const { key, timeoutMillis } = this.#remote;
    if (status >= 200) {
      this.#hasBegun = true;
      this.#listener.onAnswer(status);
      if (status >= 400) this.#mask = KeyMask.of(key);
    } else {
      // Each of these would be waited for as long as the first one was.
      this.#informedAt ??= performance.now();
      if (performance.now() - this.#informedAt > timeoutMillis) {
        this.#problem = `it sends informational responses only, for ${timeoutMillis / 1000} s`;
        controller.abort(new Error(this.#problem));
        return;
      }
    }
    this.#handler.onResponseStart?.(controller, status, headersToClient(headers), message);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const passed = this.#mask?.add(chunk) ?? chunk;
    if (passed.length > 0) this.#handler.onResponseData?.(controller, passed);
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    const rest = this.#mask?.end();
    if (rest && rest.length > 0) this.#handler.onResponseData?.(controller, rest);
    this.#handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    // The client wants no answer any more: that says nothing of the server.
    const isCalledOff = this.#controller?.aborted === true && this.#problem === undefined;
    const reason = this.#problem ?? reasonOf(error, this.#remote);
    if (!isCalledOff) this.#listener.onFailure(reason);
    const asked = isCalledOff || this.#hasBegun ? error : notAnswered(this.#remote, reason);
    this.#handler.onResponseError?.(controller, asked);
  }
}

/** What the server has not begun to answer may be asked of another one. */
function notAnswered(remote: RemoteUpstream, reason: string): GatewayError {
  return new GatewayError(502, `${hostOf(remote)} did not answer: ${reason}.`, { mayFallBack: true });
}

function reasonOf(error: Error, { timeoutMillis }: RemoteUpstream): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return `no connection within ${connectMillis / 1000} s`;
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return `nothing came for ${timeoutMillis / 1000} s`;
  return errorText(error).replace(/\.$/, '');
}
