/** A stream of Anthropic's Messages API (https://docs.anthropic.com/en/docs/build-with-claude/streaming), from one of chat completions. */
import { errorBody, type GatewayError } from '../gatewayError.ts';
import type { ChatEnd, ChatPiece } from './chatPieces.ts';
import { messageHead, showsThinking, stopOf, usageOf } from './messagesAnswer.ts';
import { type AnswerHead, type AnswerStream, eventText } from './translation.ts';

type BlockType = 'text' | 'thinking' | 'tool_use';

/** One block is open at a time, and each has the next number. */
export class MessagesStream implements AnswerStream {
  readonly #head: AnswerHead;
  readonly #isThinkingShown: boolean;
  #isBegun = false;
  #open: BlockType | undefined;
  #index = -1;

  constructor(head: AnswerHead) {
    this.#head = head;
    this.#isThinkingShown = showsThinking(head);
  }

  add(piece: ChatPiece): string {
    switch (piece.kind) {
      case 'reasoning':
        if (!this.#isThinkingShown) return this.#begin() + this.ping();
        return this.#in('thinking') + this.#delta({ type: 'thinking_delta', thinking: piece.text });
      case 'text':
      case 'refusal':
        return this.#in('text') + this.#delta({ type: 'text_delta', text: piece.text });
      case 'call':
        return this.#close() + this.#start('tool_use', { type: 'tool_use', id: piece.id, name: piece.name, input: {} });
      case 'arguments':
        return this.#delta({ type: 'input_json_delta', partial_json: piece.text });
    }
  }

  end(end: ChatEnd): string {
    return [
      this.#begin(),
      this.#close(),
      eventText('message_delta', { type: 'message_delta', delta: stopOf(end), usage: usageOf(end) }),
      eventText('message_stop', { type: 'message_stop' }),
    ].join('');
  }

  fail(error: GatewayError): string {
    return `event: error\ndata: ${errorBody(error, 'anthropic')}\n\n`;
  }

  ping(): string {
    return eventText('ping', { type: 'ping' });
  }

  /** The number of its tokens is known at the end only, and is told there. */
  #begin(): string {
    if (this.#isBegun) return '';
    this.#isBegun = true;
    const usage = { input_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 0 };
    const message = { ...messageHead(this.#head), content: [], stop_reason: null, stop_sequence: null, usage };
    return eventText('message_start', { type: 'message_start', message });
  }

  #in(type: 'text' | 'thinking'): string {
    if (this.#open === type) return '';
    return this.#close() + this.#start(type, type === 'text' ? { type, text: '' } : { type, thinking: '', signature: '' });
  }

  #start(type: BlockType, block: object): string {
    this.#open = type;
    this.#index++;
    return this.#begin() + eventText('content_block_start', { type: 'content_block_start', index: this.#index, content_block: block });
  }

  #delta(delta: object): string {
    return eventText('content_block_delta', { type: 'content_block_delta', index: this.#index, delta });
  }

  #close(): string {
    if (this.#open === undefined) return '';
    // Some clients show no thought before its signature has come.
    const signature = this.#open === 'thinking' ? this.#delta({ type: 'signature_delta', signature: '' }) : '';
    this.#open = undefined;
    return signature + eventText('content_block_stop', { type: 'content_block_stop', index: this.#index });
  }
}
