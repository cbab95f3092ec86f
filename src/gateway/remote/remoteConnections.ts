import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import { errorText } from '../../protocol/errors.ts';
import type { RemoteUpstream } from '../../protocol/remoteModels.ts';
import { GatewayError } from '../gatewayError.ts';
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
    if (status >= 200) {
      this.#hasBegun = true;
      this.#listener.onAnswer(status);
    }
    this.#handler.onResponseStart?.(controller, status, headersToClient(headers), message);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    this.#handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    // Whoever has asked wants no answer any more: that says nothing of the server.
    const isCalledOff = this.#controller?.aborted === true;
    const reason = reasonOf(error, this.#remote);
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
