/** What a server of chat completions answers, whole or in pieces, whatever way it writes it: pure. */

import { contentText } from '../../protocol/contentText.ts';
import { errorTextIn } from '../../protocol/errors.ts';
import { asRecord, isGiven, listIn } from '../../protocol/jsonFields.ts';
import { GatewayError } from '../gatewayError.ts';
import { CallOrder } from './callOrder.ts';
import type { ChatEnd, ChatPiece } from './chatPieces.ts';
import { countIn, type Fields } from './fields.ts';

/** Maximum length of an answer that is translated, in characters. */
export const maxCharacters = 2 ** 26;
/** Maximum length of what is quoted of an answer that cannot be read, in characters. */
const quotedLength = 500;

/** Reads one answer. Nothing of it is left out silently: what cannot be read is an error. */
export class ChatReader {
  readonly #calls: CallOrder;
  #characters = 0;
  #reason: string | undefined;
  #stopSequence: string | undefined;
  #usage: Fields = {};
  #isDone = false;

  /** @param newId For a call that the server has given none. */
  constructor(newId: () => string) {
    this.#calls = new CallOrder(newId);
  }

  /** Whether all of the answer has come. */
  get isComplete(): boolean {
    return this.#isDone || this.#reason !== undefined;
  }

  /**
   * The data of one event, or a whole answer.
   * @throws GatewayError with what the server says is wrong, or with what is wrong with what it says.
   */
  add(json: string): ChatPiece[] {
    const data = json.trim();
    if (data === '' || this.#isDone) return [];
    if (data === '[DONE]') {
      this.#isDone = true;
      return [];
    }
    const body = parsed(data);
    if (isGiven(body['error'])) throw errorIn(data, body['error']);
    if (isGiven(body['usage'])) this.#usage = asRecord(body['usage']);
    return this.#piecesOf(asRecord(listIn(body['choices'])[0]));
  }

  /** What is left of it, and how it has ended. @throws GatewayError where it has not. */
  end(): { readonly pieces: readonly ChatPiece[]; readonly end: ChatEnd } {
    if (!this.isComplete) throw new GatewayError(502, 'The server ended its answer in the middle.');
    const pieces = this.#calls.flush();
    const prompt = asRecord(this.#usage['prompt_tokens_details']);
    const completion = asRecord(this.#usage['completion_tokens_details']);
    const input = countIn(this.#usage['prompt_tokens']);
    return {
      pieces,
      end: {
        reason: this.#calls.isEmpty ? reasonOf(this.#reason) : this.#reason === 'length' ? 'length' : 'calls',
        ...(this.#stopSequence !== undefined && { stopSequence: this.#stopSequence }),
        usage: {
          input,
          cached: Math.min(input, countIn(prompt['cached_tokens'])),
          output: countIn(this.#usage['completion_tokens']),
          reasoning: countIn(completion['reasoning_tokens']),
        },
      },
    };
  }

  #piecesOf(choice: Fields): ChatPiece[] {
    const { reasoning_content, reasoning, content, refusal, tool_calls } = asRecord(choice['delta'] ?? choice['message']);
    if (typeof choice['finish_reason'] === 'string') this.#reason = choice['finish_reason'];
    if (typeof choice['stop_reason'] === 'string') this.#stopSequence = choice['stop_reason'];
    const said = [
      { kind: 'reasoning' as const, text: contentText(reasoning_content ?? reasoning) },
      { kind: 'text' as const, text: contentText(content) },
      { kind: 'refusal' as const, text: contentText(refusal) },
    ].filter(({ text }) => text !== '');
    const calls = listIn(tool_calls).map(asRecord);
    for (const { text } of said) this.#characters += text.length;
    for (const call of calls) this.#characters += contentText(asRecord(call['function'])['arguments']).length;
    if (this.#characters > maxCharacters) throw new GatewayError(502, `The server’s answer has more than ${maxCharacters} characters.`);
    // What comes behind a call ends it.
    const before = said.length > 0 ? this.#calls.flush() : [];
    return [...before, ...said, ...this.#calls.add(calls)];
  }
}

function parsed(data: string): Fields {
  try {
    const body: unknown = JSON.parse(data);
    if (typeof body === 'object' && body !== null) return asRecord(body);
  } catch {
    // Told below.
  }
  throw new GatewayError(502, `The server sent something that is no chat completion: ${data.slice(0, quotedLength)}`);
}

/** Its number counts where it is the status of an error. */
function errorIn(data: string, error: unknown): GatewayError {
  const code = Number(asRecord(error)['code']);
  return new GatewayError(code >= 400 && code <= 599 ? code : 502, errorTextIn(data).slice(0, quotedLength));
}

function reasonOf(reason: string | undefined): ChatEnd['reason'] {
  if (reason === 'length') return 'length';
  return reason === 'content_filter' ? 'filter' : 'stop';
}
