/** A conversation in OpenAI's words: pure, no editor. */

export interface MessageParts {
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly images: readonly { readonly type: string; readonly base64: string }[];
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly input: object }[];
  readonly toolResults: readonly { readonly id: string; readonly text: string }[];
}

/** Each result of a tool is a message of its own, in front of what its message says beside. */
export function asOpenAiMessages(messages: readonly MessageParts[]): object[] {
  return messages.flatMap(({ role, text, images, toolCalls, toolResults }) => {
    const results = toolResults.map(({ id, text: content }) => ({ role: 'tool', tool_call_id: id, content }));
    const calls = toolCalls.map(({ id, name, input }) => ({ id, type: 'function', function: { name, arguments: JSON.stringify(input) } }));
    const isEmpty = text === '' && calls.length === 0 && images.length === 0;
    const content = images.length === 0 ? text : [...(text === '' ? [] : [{ type: 'text', text }]), ...images.map(imagePart)];
    return [...results, ...(isEmpty ? [] : [{ role, content, ...(calls.length > 0 && { tool_calls: calls }) }])];
  });
}

function imagePart({ type, base64 }: MessageParts['images'][number]): object {
  return { type: 'image_url', image_url: { url: `data:${type};base64,${base64}` } };
}

export function asOpenAiTools(
  tools: readonly { readonly name: string; readonly description: string; readonly inputSchema?: object | undefined }[],
): object[] {
  return tools.map(({ name, description, inputSchema }) => ({
    type: 'function',
    function: { name, description, parameters: inputSchema ?? { type: 'object', properties: {} } },
  }));
}

/** About: what a model makes of a text is known to its tokenizer alone, and most have a token for some four characters. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / 4);
}
