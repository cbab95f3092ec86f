import { createParser } from 'eventsource-parser';
import { errorTextIn } from '../protocol/errors.ts';

/** A tool that the model wants to be called. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface ChatListener {
  /** No more is read of the answer until what it returns has resolved. */
  onText(text: string): void | Promise<void>;
  /** Called at the end, when its arguments are whole. */
  onToolCall?(call: ToolCall): void;
}

interface Delta {
  readonly content?: string | null;
  readonly tool_calls?: readonly {
    readonly index: number;
    readonly id?: string;
    readonly function?: { readonly name?: string; readonly arguments?: string };
  }[];
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: Delta }[];
  readonly error?: { readonly message?: string };
}

/**
 * Asks a model by OpenAI's words, and hands its answer on as it comes.
 * @throws Error with what the gateway or the server says is wrong; the reason of `signal` where that is aborted.
 */
export async function streamChat(
  { url, token }: { readonly url: string; readonly token: string },
  request: object,
  listener: ChatListener,
  signal?: AbortSignal,
): Promise<void> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({ ...request, stream: true }),
    ...(signal && { signal }),
  });
  if (!response.ok || !response.body) throw new Error(errorTextIn(await response.text()));
  const calls = new Map<number, { id: string; name: string; arguments: string }>();
  let problem: string | undefined;
  let taken: unknown;
  const take = ({ content, tool_calls = [] }: Delta): void => {
    if (content) taken = listener.onText(content);
    for (const { index, id, function: called } of tool_calls) {
      const call = calls.get(index) ?? { id: '', name: '', arguments: '' };
      calls.set(index, {
        id: id ?? call.id,
        name: call.name + (called?.name ?? ''),
        arguments: call.arguments + (called?.arguments ?? ''),
      });
    }
  };
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data === '[DONE]') return;
      const { choices, error } = JSON.parse(data) as Chunk;
      if (error) problem ??= error.message ?? data;
      take(choices?.[0]?.delta ?? {});
    },
  });
  const decoder = new TextDecoder();
  for await (const piece of response.body as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(piece, { stream: true }));
    await taken;
  }
  if (problem !== undefined) throw new Error(problem);
  for (const call of calls.values()) listener.onToolCall?.(call);
}
