/** The paths whose requests a server of chat completions can answer in translation. */

import { errorTextIn } from '../../protocol/errors.ts';
import { asRecord } from '../../protocol/jsonFields.ts';
import { errorBody, GatewayError } from '../gatewayError.ts';
import { messageFrom } from './messagesAnswer.ts';
import { chatFromMessages } from './messagesRequest.ts';
import { MessagesStream } from './messagesStream.ts';
import { responseFrom } from './responsesAnswer.ts';
import { chatFromResponses } from './responsesRequest.ts';
import { ResponsesStream } from './responsesStream.ts';
import type { TranslatedDialect } from './translation.ts';

/** Maximum length of an error that is told in other words, in characters. */
const quotedLength = 4000;

const messages: TranslatedDialect = {
  request: chatFromMessages,
  stream: (head) => new MessagesStream(head),
  answer: messageFrom,
  errorBody: (status, text) => errorBody(new GatewayError(status, tooLong(text) ?? errorTextIn(text).slice(0, quotedLength)), 'anthropic'),
};

const responses: TranslatedDialect = {
  request: chatFromResponses,
  stream: (head) => new ResponsesStream(head),
  answer: responseFrom,
  // They are OpenAI's words already, where they are an error.
  errorBody: (status, text) =>
    errorIn(text) ? text : errorBody(new GatewayError(status, errorTextIn(text).slice(0, quotedLength)), 'openai'),
};

const dialects: ReadonlyMap<string, TranslatedDialect> = new Map([
  ['/v1/messages', messages],
  ['/v1/responses', responses],
]);

/** @param path Without its query. */
export function translatedDialect(path: string): TranslatedDialect | undefined {
  return dialects.get(path);
}

function errorIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const { error } = asRecord(JSON.parse(text));
    return typeof error === 'object' && error !== null ? asRecord(error) : undefined;
  } catch {
    return undefined;
  }
}

/** In Anthropic's words, by which clients know that they have to shorten the conversation; llama-server says how long it is. */
function tooLong(text: string): string | undefined {
  const { type, n_prompt_tokens: tokens, n_ctx: size } = errorIn(text) ?? {};
  if (type !== 'exceed_context_size_error' || typeof tokens !== 'number' || typeof size !== 'number') return undefined;
  return `prompt is too long: ${tokens} tokens > ${size} maximum`;
}
