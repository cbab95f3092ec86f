/** The messages of a request for chat completions, as all servers take them. */

export type ChatPart = Readonly<Record<string, unknown>>;

export interface ChatCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string | readonly ChatPart[];
  readonly tool_calls?: readonly ChatCall[];
  readonly tool_call_id?: string;
  /** What the model has thought, as llama-server and vLLM take it back; others ignore it. */
  readonly reasoning_content?: string;
}

export function textPart(text: string): ChatPart {
  return { type: 'text', text };
}

export function imagePart(url: string, detail?: unknown): ChatPart {
  return { type: 'image_url', image_url: { url, ...(typeof detail === 'string' && { detail }) } };
}

/** A text where nothing else is in it: small servers, and the templates of many models, take no list. */
export function contentOf(parts: readonly ChatPart[]): string | readonly ChatPart[] {
  const texts = parts.flatMap(({ type, text }) => (type === 'text' && typeof text === 'string' ? text : []));
  return texts.length === parts.length ? texts.join('\n') : parts;
}

/** What an assistant has said in one turn. */
export interface AssistantTurn {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly ChatCall[];
}

export function assistantMessage({ text, reasoning, calls }: AssistantTurn): ChatMessage {
  return {
    role: 'assistant',
    content: text,
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(reasoning !== '' && { reasoning_content: reasoning }),
  };
}

/** `others`: images of the result, which follow as the user's, because a message of a tool is a text. */
export interface ToolResult {
  readonly message: ChatMessage;
  readonly others: readonly ChatPart[];
}

export function toolMessage(id: string, parts: readonly ChatPart[]): ToolResult {
  const isText = ({ type }: ChatPart): boolean => type === 'text';
  return {
    message: { role: 'tool', tool_call_id: id, content: contentOf(parts.filter(isText)) },
    others: parts.filter((part) => !isText(part)),
  };
}

/** All that stands before the first turn as one message: most templates take one, at the beginning. */
export function withOneSystemMessage(system: readonly string[], messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const found = messages.findIndex(({ role }) => role !== 'system');
  const rest = found < 0 ? messages.length : found;
  const texts = [...system, ...messages.slice(0, rest).map(({ content }) => content as string)].filter((text) => text !== '');
  if (texts.length === 0) return messages.slice(rest);
  return [{ role: 'system', content: texts.join('\n\n') }, ...messages.slice(rest)];
}
