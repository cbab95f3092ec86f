/** What an answer of chat completions consists of. */

/** One piece of an answer; arguments belong to the last call before them. */
export type ChatPiece =
  | { readonly kind: 'text' | 'reasoning' | 'refusal' | 'arguments'; readonly text: string }
  | { readonly kind: 'call'; readonly id: string; readonly name: string };

export interface ChatUsage {
  /** With those from the server's cache. */
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  /** Of the output. */
  readonly reasoning: number;
}

export interface ChatEnd {
  readonly reason: 'stop' | 'length' | 'calls' | 'filter';
  /** The one that has ended it, where the server says so (vLLM does). */
  readonly stopSequence?: string;
  readonly usage: ChatUsage;
}
