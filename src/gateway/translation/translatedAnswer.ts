import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { errorTextIn } from '../../protocol/errors.ts';
import { type AnswerWriter, headersWithout, hopByHop } from '../answerWriter.ts';
import { errorBody, GatewayError } from '../gatewayError.ts';
import type { KeepAlive } from '../keepAlive.ts';
import { ChatReader, maxCharacters } from './chatReader.ts';
import type { Fields } from './fields.ts';
import { StreamTranslator } from './streamTranslator.ts';
import type { AnswerHead, TranslatedDialect } from './translation.ts';

/** These, and those that say what the body is. */
const notToClient: ReadonlySet<string> = new Set([...hopByHop, 'content-type', 'content-length', 'content-encoding', 'etag']);

export interface TranslatedRequest {
  readonly dialect: TranslatedDialect;
  /** As the client has written it. */
  readonly body: Fields;
  readonly keepAlive: KeepAlive | undefined;
}

/** Writes the answer of a server of chat completions in the words of its client. */
export class TranslatedAnswer implements AnswerWriter {
  readonly #response: ServerResponse;
  readonly #request: TranslatedRequest;
  readonly #head: AnswerHead;
  readonly #reader: ChatReader;
  readonly #wantsStream: boolean;
  /** Present where the answer is a stream on both sides. */
  #stream: StreamTranslator | undefined;
  /** What cannot be translated before all of it has come. */
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #isBroken = false;

  constructor(response: ServerResponse, request: TranslatedRequest) {
    const newId = (prefix: string): string => `${prefix}${randomBytes(12).toString('hex')}`;
    this.#response = response;
    this.#request = request;
    this.#wantsStream = request.body['stream'] === true;
    this.#head = { request: request.body, createdAt: Math.floor(Date.now() / 1000), newId };
    this.#reader = new ChatReader(() => newId('call_'));
  }

  /** 0 until it has begun. */
  get status(): number {
    return this.#status;
  }

  get failed(): boolean {
    return this.#status >= 500 || this.#isBroken;
  }

  start(status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    this.#headers = headers;
    if (status >= 300 || !this.#wantsStream) return;
    // A stream's first event may be a long time away; that it is a stream is known now.
    this.#startStream();
    if ((headers['content-type'] ?? '').startsWith('text/event-stream')) this.#stream = this.#newTranslator();
  }

  write(chunk: Buffer): boolean {
    if (this.#stream) return this.#pass(this.#stream.add(chunk), this.#stream.problem);
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > maxCharacters) throw new GatewayError(502, `The server’s answer has more than ${maxCharacters} bytes.`);
    return true;
  }

  end(): void {
    if (this.#stream) {
      this.#finish(this.#stream.end());
      this.#isBroken = this.#stream.problem !== undefined;
      return;
    }
    const text = Buffer.concat(this.#chunks).toString();
    if (this.#status >= 400) this.#refuse(this.#request.dialect.errorBody(this.#status, text));
    else if (this.#status >= 300) this.breakOff(new GatewayError(502, `The server answered ${this.#status}, which is no chat completion.`));
    else if (this.#wantsStream) this.#finish(this.#streamOf(text));
    else this.#answerWith(text);
  }

  breakOff(error: GatewayError): void {
    this.#isBroken = true;
    if (this.#response.writableEnded) return;
    if (this.#stream) this.#finish(this.#stream.fail(error));
    else if (this.#response.headersSent) this.#finish(this.#newTranslator().fail(error));
    else this.#refuse(this.#request.dialect.errorBody(error.status, errorBody(error, 'openai')), error.status);
  }

  #newTranslator(): StreamTranslator {
    return new StreamTranslator(this.#reader, this.#request.dialect.stream(this.#head));
  }

  /** A server that streams nothing is not asked again: its answer is a stream of few events. */
  #streamOf(text: string): string {
    const translator = this.#newTranslator();
    const events = translator.add(Buffer.from(`data: ${text.replace(/\r\n|\r|\n/g, ' ')}\n\n`)) + translator.end();
    this.#isBroken = translator.problem !== undefined;
    return events;
  }

  #answerWith(text: string): void {
    try {
      const first = this.#reader.add(text);
      const { pieces, end } = this.#reader.end();
      this.#sendWhole(this.#status, JSON.stringify(this.#request.dialect.answer(this.#head, [...first, ...pieces], end)));
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      this.breakOff(error);
    }
  }

  #startStream(): void {
    const headers = { ...headersWithout(this.#headers, notToClient), 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' };
    // One without content (204) gets none, not even the error that says so.
    if (!this.#response.headersSent) this.#response.writeHead(200, headers);
    this.#response.flushHeaders();
  }

  /** As an event, where a stream has begun with keep-alive comments. */
  #refuse(body: string, status = this.#status): void {
    if (this.#response.headersSent) this.#finish(this.#newTranslator().fail(new GatewayError(status, errorTextIn(body))));
    else this.#sendWhole(status, body);
  }

  #sendWhole(status: number, text: string): void {
    this.#request.keepAlive?.stop();
    const headers = headersWithout(this.#headers, notToClient);
    this.#response
      .writeHead(status, { ...headers, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
      .end(text);
  }

  #pass(text: string, problem: GatewayError | undefined): boolean {
    if (problem) {
      this.#finish(text);
      throw problem;
    }
    if (text === '') return true;
    this.#request.keepAlive?.passed(Buffer.from(text));
    return this.#response.write(text);
  }

  #finish(text: string): void {
    this.#response.end(text);
  }
}
