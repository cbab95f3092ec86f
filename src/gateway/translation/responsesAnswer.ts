/** A response of OpenAI's Responses API, from a whole chat completion. */
import { asRecord, isGiven } from '../../protocol/jsonFields.ts';
import type { ChatEnd, ChatPiece } from './chatPieces.ts';
import type { Fields } from './fields.ts';
import type { AnswerHead } from './translation.ts';

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

/** One item of the output, which grows as its pieces come. */
export interface OutputItem {
  readonly kind: 'text' | 'refusal' | 'reasoning' | 'call';
  readonly id: string;
  /** Of a call. */
  readonly callId?: string;
  readonly name?: string;
  /** Its text; of a call, its arguments. */
  text: string;
}

const idPrefixes = { text: 'msg_', refusal: 'msg_', reasoning: 'rs_', call: 'fc_' } as const;

/** Undefined where the piece belongs to the item before it. */
export function itemBegunBy(piece: ChatPiece, last: OutputItem | undefined, head: AnswerHead): OutputItem | undefined {
  if (piece.kind === 'call') return { kind: 'call', id: head.newId(idPrefixes.call), callId: piece.id, name: piece.name, text: '' };
  if (piece.kind === 'arguments' || piece.kind === last?.kind) return undefined;
  return { kind: piece.kind, id: head.newId(idPrefixes[piece.kind]), text: '' };
}

/** The part that is the content of an item; undefined for a call. */
export function partOf({ kind, text }: OutputItem): Fields | undefined {
  switch (kind) {
    case 'text':
      return { type: 'output_text', text, annotations: [], logprobs: [] };
    case 'refusal':
      return { type: 'refusal', refusal: text };
    case 'reasoning':
      return { type: 'reasoning_text', text };
    case 'call':
      return undefined;
  }
}

export function itemBody(item: OutputItem, status: ItemStatus): Fields {
  const { kind, id, callId, name, text } = item;
  if (kind === 'call') return { id, type: 'function_call', status, call_id: callId, name, arguments: text };
  // One that has just begun has no part yet.
  const content = status === 'in_progress' ? [] : [partOf(item)];
  if (kind === 'reasoning') return { id, type: 'reasoning', status, summary: [], content };
  return { id, type: 'message', role: 'assistant', status, content };
}

/** Whether it was cut off. */
export function isIncomplete({ reason }: ChatEnd): boolean {
  return reason === 'length' || reason === 'filter';
}

/** The items at the end: the last one is incomplete where the answer is. */
export function outputOf(items: readonly OutputItem[], end: ChatEnd): Fields[] {
  return items.map((item, index) => itemBody(item, isIncomplete(end) && index === items.length - 1 ? 'incomplete' : 'completed'));
}

/** The fields of a response that its request decides. */
export function responseBase({ request, createdAt }: AnswerHead, id: string): Fields {
  const { effort = null, summary = null } = asRecord(request['reasoning']);
  return {
    id,
    object: 'response',
    created_at: createdAt,
    error: null,
    incomplete_details: null,
    instructions: request['instructions'] ?? null,
    max_output_tokens: request['max_output_tokens'] ?? null,
    metadata: request['metadata'] ?? {},
    model: String(request['model'] ?? ''),
    parallel_tool_calls: request['parallel_tool_calls'] ?? true,
    previous_response_id: null,
    reasoning: { effort, summary },
    store: false,
    temperature: request['temperature'] ?? null,
    text: { format: asRecord(request['text'])['format'] ?? { type: 'text' } },
    tool_choice: request['tool_choice'] ?? 'auto',
    tools: request['tools'] ?? [],
    top_p: request['top_p'] ?? null,
    truncation: 'disabled',
    ...(isGiven(request['user']) && { user: request['user'] }),
  };
}

export function responseEnd(output: readonly Fields[], end: ChatEnd): Fields {
  const { input, cached, output: written, reasoning } = end.usage;
  return {
    status: isIncomplete(end) ? 'incomplete' : 'completed',
    ...(isIncomplete(end) && { incomplete_details: { reason: end.reason === 'length' ? 'max_output_tokens' : 'content_filter' } }),
    output,
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: cached },
      output_tokens: written,
      output_tokens_details: { reasoning_tokens: reasoning },
      total_tokens: input + written,
    },
  };
}

export function responseFrom(head: AnswerHead, pieces: readonly ChatPiece[], end: ChatEnd): Fields {
  const items: OutputItem[] = [];
  for (const piece of pieces) {
    const begun = itemBegunBy(piece, items.at(-1), head);
    if (begun) items.push(begun);
    const item = items.at(-1);
    if (item && piece.kind !== 'call') item.text += piece.text;
  }
  return { ...responseBase(head, head.newId('resp_')), ...responseEnd(outputOf(items, end), end) };
}
