/** A stream of OpenAI's Responses API (https://platform.openai.com/docs/api-reference/responses-streaming), from one of chat completions. */
import { asRecord } from '../../protocol/jsonFields.ts';
import { errorBody, type GatewayError } from '../gatewayError.ts';
import type { ChatEnd, ChatPiece } from './chatPieces.ts';
import type { Fields } from './fields.ts';
import { isIncomplete, itemBegunBy, itemBody, type OutputItem, outputOf, partOf, responseBase, responseEnd } from './responsesAnswer.ts';
import { type AnswerHead, type AnswerStream, eventText } from './translation.ts';

/** What the events of an item are called. */
const names = {
  text: { event: 'response.output_text', field: 'text' },
  refusal: { event: 'response.refusal', field: 'refusal' },
  reasoning: { event: 'response.reasoning_text', field: 'text' },
  call: { event: 'response.function_call_arguments', field: 'arguments' },
} as const;

/** One item is open at a time, and each has the next place in the output. */
export class ResponsesStream implements AnswerStream {
  readonly #head: AnswerHead;
  readonly #base: Fields;
  readonly #items: OutputItem[] = [];
  #sequence = 0;
  #isBegun = false;

  constructor(head: AnswerHead) {
    this.#head = head;
    this.#base = responseBase(head, head.newId('resp_'));
  }

  add(piece: ChatPiece): string {
    const begun = itemBegunBy(piece, this.#items.at(-1), this.#head);
    const start = begun ? this.#begin() + this.#close('completed') + this.#open(begun) : '';
    const item = this.#items.at(-1);
    if (!item || piece.kind === 'call') return start;
    item.text += piece.text;
    return start + this.#event(`${names[item.kind].event}.delta`, { ...this.#placeOf(item), delta: piece.text, ...logprobs(item) });
  }

  end(end: ChatEnd): string {
    const status = isIncomplete(end) ? 'incomplete' : 'completed';
    const closed = this.#begin() + this.#close(status);
    const response = { ...this.#base, ...responseEnd(outputOf(this.#items, end), end) };
    return closed + this.#event(`response.${status}`, { response });
  }

  fail(error: GatewayError): string {
    const { message, code, param } = asRecord(asRecord(JSON.parse(errorBody(error, 'openai')))['error']);
    const response = { ...this.#base, status: 'failed', error: { code: 'server_error', message }, output: [] };
    return this.#begin() + this.#event('response.failed', { response }) + this.#event('error', { code, message, param });
  }

  ping(): string {
    return ':\n\n';
  }

  #begin(): string {
    if (this.#isBegun) return '';
    this.#isBegun = true;
    const response = { ...this.#base, status: 'in_progress', output: [], usage: null };
    return this.#event('response.created', { response }) + this.#event('response.in_progress', { response });
  }

  #open(item: OutputItem): string {
    this.#items.push(item);
    const added = this.#event('response.output_item.added', { ...this.#position, item: itemBody(item, 'in_progress') });
    const part = partOf(item);
    return part ? added + this.#event('response.content_part.added', { ...this.#placeOf(item), part }) : added;
  }

  #close(status: 'completed' | 'incomplete'): string {
    const item = this.#items.at(-1);
    if (!item) return '';
    const { event, field } = names[item.kind];
    const place = this.#placeOf(item);
    const part = partOf(item);
    const done = { ...place, [field]: item.text, ...(item.kind === 'call' && { name: item.name }), ...logprobs(item) };
    return [
      this.#event(`${event}.done`, done),
      part ? this.#event('response.content_part.done', { ...place, part }) : '',
      this.#event('response.output_item.done', { ...this.#position, item: itemBody(item, status) }),
    ].join('');
  }

  get #position(): Fields {
    return { output_index: this.#items.length - 1 };
  }

  #placeOf(item: OutputItem): Fields {
    return { item_id: item.id, ...this.#position, ...(item.kind !== 'call' && { content_index: 0 }) };
  }

  #event(type: string, data: object): string {
    return eventText(type, { type, sequence_number: this.#sequence++, ...data });
  }
}

function logprobs({ kind }: OutputItem): object {
  return kind === 'text' ? { logprobs: [] } : {};
}
