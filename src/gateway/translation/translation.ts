import type { GatewayError } from '../gatewayError.ts';
import type { ChatEnd, ChatPiece } from './chatPieces.ts';
import type { Fields } from './fields.ts';

/** An answer in the client's dialect, as the text of a stream of events. */
export interface AnswerStream {
  add(piece: ChatPiece): string;
  /** The last one. */
  end(end: ChatEnd): string;
  /** The last one, where it ends in the middle. */
  fail(error: GatewayError): string;
  /** A sign that it goes on. */
  ping(): string;
}

/** What an answer says beside what the server says. */
export interface AnswerHead {
  /** The request, in the client's dialect. */
  readonly request: Fields;
  /** Seconds since 1970. */
  readonly createdAt: number;
  /** @param prefix What the ids of a kind begin with: `msg_`. */
  newId(prefix: string): string;
}

/** A dialect whose requests and answers can be had from a server of chat completions. */
export interface TranslatedDialect {
  /** @throws InvalidRequestError that names what is wrong or cannot be translated. */
  request(body: Fields): Fields;
  stream(head: AnswerHead): AnswerStream;
  answer(head: AnswerHead, pieces: readonly ChatPiece[], end: ChatEnd): object;
  /** What the server has answered with a status from 400 up. */
  errorBody(status: number, text: string): string;
}

export function eventText(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
