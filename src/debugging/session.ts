/** A connection to an inspector: requests, answers and events of the Chrome DevTools Protocol over a WebSocket. */
import WebSocket from 'ws';
import { asError, errorText } from '../protocol/errors.ts';
import { period } from '../protocol/timers.ts';
import type { Inspector } from './inspector.ts';

/** Maximum size of one message, in bytes: a profile is one. */
const maxMessageBytes = 256 * 2 ** 20;
/** How long the connection may take, in milliseconds. */
const connectMillis = 5000;
/** How long a process may take to answer, in milliseconds: its answer waits for what it is just doing. */
const answerMillis = 60_000;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message?: unknown };
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class InspectorSession implements Disposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<string, (params: never) => void>();
  #lastId = 0;
  /** Resolves when the connection is closed, by whichever side. */
  readonly closed: Promise<void>;

  /** @throws Error where the inspector accepts no connection. */
  static async open({ host, port, id }: Inspector): Promise<InspectorSession> {
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const socket = new WebSocket(`ws://${authority}/${id}`, {
      handshakeTimeout: connectMillis,
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', (error) => reject(new Error(`The inspector at ${authority} could not be reached: ${errorText(error)}.`)));
    });
    return new InspectorSession(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    let problem = 'The process has ended, or its inspector was closed.';
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', (error) => {
      problem = `The connection to the inspector has failed: ${errorText(error)}.`;
    });
    socket.on('message', (data) => this.#onMessage(String(data)));
    void this.closed.then(() => this.#fail(new Error(problem)));
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  /** Has `listener` called with what each event of this name brings. */
  on<Params>(event: string, listener: (params: Params) => void): void {
    this.#listeners.set(event, listener);
  }

  /** Events and answers wait in the inspector until {@link resume}. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /**
   * @param millis How long the answer may take, in milliseconds.
   * @throws Error where it takes longer, is an error, or the connection is closed.
   */
  async ask<Result>(method: string, params: object = {}, millis = answerMillis): Promise<Result> {
    const id = ++this.#lastId;
    let deadline: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Result>((resolve, reject) => {
        this.#waiting.set(id, { resolve: (result) => resolve(result as Result), reject });
        deadline = setTimeout(() => reject(new Error(`The inspector has not answered ${method} in ${millis / 1000} s.`)), period(millis));
        this.#socket.send(JSON.stringify({ id, method, params }), (error) => error && reject(asError(error)));
      });
    } finally {
      clearTimeout(deadline);
      this.#waiting.delete(id);
    }
  }

  #onMessage(text: string): void {
    const message = parse(text);
    if (message.method !== undefined) this.#listeners.get(message.method)?.(message.params as never);
    if (message.id === undefined) return;
    const waiting = this.#waiting.get(message.id);
    if (message.error === undefined) waiting?.resolve(message.result);
    else waiting?.reject(new Error(`The inspector has refused: ${String(message.error.message)}.`));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}

/** What is no message of the protocol is none. */
function parse(text: string): Message {
  try {
    const message = JSON.parse(text) as unknown;
    return typeof message === 'object' && message !== null ? message : {};
  } catch {
    return {};
  }
}
