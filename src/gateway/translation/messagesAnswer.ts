/** An answer of Anthropic's Messages API, from a whole chat completion. */
import { asRecord } from '../../protocol/jsonFields.ts';
import { GatewayError } from '../gatewayError.ts';
import { parseJsonExactly } from '../parseJson.ts';
import type { ChatEnd, ChatPiece } from './chatPieces.ts';
import type { AnswerHead } from './translation.ts';

/** Anthropic's counts leave out what came from the cache; `input` has it. */
export function usageOf({ usage: { input, cached, output } }: ChatEnd): object {
  return { input_tokens: input - cached, cache_creation_input_tokens: 0, cache_read_input_tokens: cached, output_tokens: output };
}

export function stopOf({ reason, stopSequence }: ChatEnd): object {
  if (reason === 'stop' && stopSequence !== undefined) return { stop_reason: 'stop_sequence', stop_sequence: stopSequence };
  const reasons = { stop: 'end_turn', length: 'max_tokens', calls: 'tool_use', filter: 'refusal' } as const;
  return { stop_reason: reasons[reason], stop_sequence: null };
}

/** Clients that have said so are not shown what the model thinks. */
export function showsThinking({ request }: AnswerHead): boolean {
  return asRecord(request['thinking'])['type'] !== 'disabled';
}

export function messageHead(head: AnswerHead): object {
  return { id: head.newId('msg_'), type: 'message', role: 'assistant', model: String(head.request['model'] ?? '') };
}

/** @throws GatewayError where the server has called a tool with arguments that are none. */
export function messageFrom(head: AnswerHead, pieces: readonly ChatPiece[], end: ChatEnd): object {
  return { ...messageHead(head), content: blocksOf(head, pieces, end), ...stopOf(end), usage: usageOf(end) };
}

type Block =
  | { readonly type: 'text'; text: string }
  | { readonly type: 'thinking'; thinking: string; readonly signature: '' }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; input: string };

function blocksOf(head: AnswerHead, pieces: readonly ChatPiece[], { reason }: ChatEnd): object[] {
  const blocks: Block[] = [];
  const isThinkingShown = showsThinking(head);
  for (const piece of pieces) {
    const last = blocks.at(-1);
    if (piece.kind === 'call') blocks.push({ type: 'tool_use', id: piece.id, name: piece.name, input: '' });
    else if (piece.kind === 'arguments') {
      if (last?.type === 'tool_use') last.input += piece.text;
    } else if (piece.kind === 'reasoning') {
      if (!isThinkingShown) continue;
      if (last?.type === 'thinking') last.thinking += piece.text;
      else blocks.push({ type: 'thinking', thinking: piece.text, signature: '' });
    } else if (last?.type === 'text') last.text += piece.text;
    else blocks.push({ type: 'text', text: piece.text });
  }
  return blocks.map((block) => (block.type === 'tool_use' ? { ...block, input: inputOf(block.name, block.input, reason) } : block));
}

/** Those of a call that was cut off at the limit of tokens are none, as Anthropic has it. */
function inputOf(name: string, text: string, reason: ChatEnd['reason']): object {
  if (text.trim() === '') return {};
  try {
    const input = parseJsonExactly(text);
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input;
  } catch {
    if (reason === 'length') return {};
  }
  throw new GatewayError(502, `The model called the tool '${name}' with arguments that are no JSON object.`);
}
