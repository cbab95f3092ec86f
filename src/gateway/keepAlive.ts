import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorText } from '../protocol/errors.ts';
import { parseDuration } from '../protocol/quantities.ts';
import { period } from '../protocol/timers.ts';
import { GatewayError } from './gatewayError.ts';
import type { ModelPool } from './modelPool.ts';

/** Milliseconds between two signs of life; a client that wants them more often does not get them. */
const shortestMillis = 500;
/** The end of an event: two ends of lines, of any kind. */
const endOfEvent = /(\r\n|\n|\r)(\r\n|\n|\r)$/;

/** Comments in a stream of events, for clients that give up when nothing comes: whenever nothing has come for so long, until the answer is over. */
export class KeepAlive {
  readonly #response: ServerResponse;
  #pool: Pick<ModelPool, 'snapshot'>;
  /** Stands before the state of the model: it is another one than the client has asked. */
  #prefix = '';
  readonly #timer: NodeJS.Timeout;
  /** Something of the answer has come since the last look. */
  #isBusy = false;
  /** Between two events: a comment in the middle of one would break it. */
  #isBetween = true;

  /** Undefined where the client wants none. @throws GatewayError where it does not say how often. */
  static of({ headers }: IncomingMessage, response: ServerResponse, pool: Pick<ModelPool, 'snapshot'>): KeepAlive | undefined {
    const wanted = headers['x-tree-warden-keep-alive'];
    if (typeof wanted !== 'string') return undefined;
    try {
      return new KeepAlive(response, pool, Math.max(parseDuration(wanted), shortestMillis));
    } catch (error) {
      throw new GatewayError(400, `x-tree-warden-keep-alive: ${errorText(error)}`);
    }
  }

  private constructor(response: ServerResponse, pool: Pick<ModelPool, 'snapshot'>, millis: number) {
    this.#response = response;
    this.#pool = pool;
    this.#timer = setInterval(() => this.#look(), period(millis));
  }

  /** A piece of the stream is passed on. */
  passed(chunk: Buffer): void {
    this.#isBusy = true;
    this.#isBetween = endOfEvent.test(chunk.subarray(-4).toString('latin1'));
  }

  /** Another model is asked instead. A client that was sent the head before can learn that from a comment only, which does not wait: the answer may come at once. */
  fellBack(pool: Pick<ModelPool, 'name' | 'snapshot'>): void {
    this.#pool = pool;
    this.#prefix = `replaced by ${pool.name}, which is `;
    if (this.#response.headersSent) this.#writeState();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const response = this.#response;
    const isBusy = this.#isBusy;
    this.#isBusy = false;
    if (isBusy || !this.#mayWrite) return;
    if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    this.#writeState();
  }

  /** Who does not read is not written to. */
  get #mayWrite(): boolean {
    return this.#isBetween && !this.#response.writableEnded && !this.#response.writableNeedDrain;
  }

  #writeState(): void {
    if (!this.#mayWrite) return;
    const { state, progress } = this.#pool.snapshot();
    this.#response.write(`: ${this.#prefix}${state}${progress === undefined ? '' : ` ${progress} %`}\n\n`);
  }
}
