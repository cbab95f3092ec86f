import { createParser, type EventSourceParser } from 'eventsource-parser';
import { errorTextIn } from '../../protocol/errors.ts';
import { GatewayError } from '../gatewayError.ts';
import type { ChatPiece } from './chatPieces.ts';
import { type ChatReader, maxCharacters } from './chatReader.ts';
import type { AnswerStream } from './translation.ts';

/** Turns the bytes of a stream of chat completions, however they are cut, into the text of a stream of another dialect. The first problem is its end. */
export class StreamTranslator {
  readonly #reader: ChatReader;
  readonly #stream: AnswerStream;
  readonly #decoder = new TextDecoder();
  readonly #parser: EventSourceParser;
  #text = '';
  #isOver = false;
  #problem: GatewayError | undefined;

  constructor(reader: ChatReader, stream: AnswerStream) {
    this.#reader = reader;
    this.#stream = stream;
    this.#parser = createParser({
      maxBufferSize: maxCharacters,
      onEvent: ({ event, data }) => this.#read(event, data),
      onComment: () => this.#tell(this.#stream.ping()),
      onError: ({ type, message, field, value = '' }) => {
        // As llama-server told errors until 2025.
        if (field === 'error') throw new GatewayError(502, errorTextIn(value));
        if (type === 'max-buffer-size-exceeded') throw new GatewayError(502, `The server sent an event that is too long: ${message}`);
      },
    });
  }

  /** What was wrong with the answer; the client has been told in the text. */
  get problem(): GatewayError | undefined {
    return this.#problem;
  }

  /** What the client is to be sent now; it may be nothing. */
  add(chunk: Buffer): string {
    return this.#attempt(() => this.#parser.feed(this.#decoder.decode(chunk, { stream: true })));
  }

  /** The server has said all. */
  end(): string {
    return this.#attempt(() => {
      // One whose last event has no empty line behind it has said it all the same.
      this.#parser.feed(`${this.#decoder.decode()}\n\n`);
      const { pieces, end } = this.#reader.end();
      this.#tellPieces(pieces);
      this.#tell(this.#stream.end(end));
      this.#isOver = true;
    });
  }

  fail(error: GatewayError): string {
    return this.#attempt(() => {
      throw error;
    });
  }

  #attempt(step: () => void): string {
    if (this.#isOver) return '';
    try {
      step();
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      this.#isOver = true;
      this.#problem = error;
      this.#text += this.#stream.fail(error);
    }
    const text = this.#text;
    this.#text = '';
    return text;
  }

  #read(event: string | undefined, data: string): void {
    if (event === 'error' && errorTextIn(data) === data) throw new GatewayError(502, data === '' ? 'The server reported an error.' : data);
    this.#tellPieces(this.#reader.add(data));
  }

  #tellPieces(pieces: readonly ChatPiece[]): void {
    for (const piece of pieces) this.#tell(this.#stream.add(piece));
  }

  #tell(text: string): void {
    this.#text += text;
  }
}
