import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';
import { errorTextIn } from '../protocol/errors.ts';
import { type AnswerUsage, ChatAnswer, type ToolCall } from './chatAnswer.ts';

export interface ChatListener {
  /** No more is read of the answer until what it returns has resolved. */
  onText(text: string): void | Promise<void>;
  /** What the model thinks, where its server tells that apart from the answer. */
  onReasoning?(text: string): void;
  /** Called at the end, when its arguments are whole. */
  onToolCall?(call: ToolCall): void;
  /** What the model does while there is nothing of an answer yet: `loading 40 %`, or `replaced by other` where its fallback answers. */
  onWaiting?(state: string): void;
  /** Called at the end; empty where the server does not say. */
  onUsage?(usage: AnswerUsage): void;
}

export interface ChatGateway {
  readonly url: string;
  readonly token: string;
  /** What asks, as it is shown among the requests. */
  readonly client: string;
}

/** What the gateway or the server says is wrong, with the status of HTTP by which it does; a stream that has begun says it with none. */
export class RefusedError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** How often the gateway says that it is still there, while it waits for the model. */
const keepAlive = '1s';
/** Maximum number of characters kept of a whole answer or an error. */
const longestBody = 2 ** 26;

/**
 * Asks a model by OpenAI's words, and hands its answer on as it comes. It waits for as long as the model takes: Node's fetch would give up after five minutes.
 * @throws RefusedError, or Error, with what the gateway or the server says is wrong; the reason of `signal` where that is aborted.
 */
export async function streamChat(
  { url, token, client }: ChatGateway,
  request: object,
  listener: ChatListener,
  signal?: AbortSignal,
): Promise<void> {
  const answer = new ChatAnswer();
  try {
    const response = await post(`${url}/v1/chat/completions`, { token, client }, JSON.stringify({ ...request, stream: true }), signal);
    const { 'x-tree-warden-model': fallback } = response.headers;
    if (typeof fallback === 'string') listener.onWaiting?.(`replaced by ${fallback}`);
    const { statusCode = 0 } = response;
    if (statusCode >= 300) throw new RefusedError(statusCode, errorTextIn(await textOf(response)));
    if ((response.headers['content-type'] ?? '').startsWith('text/event-stream')) await readEvents(response, answer, listener);
    else await tell(answer, answer.addBody(await textOf(response)), listener);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
  listener.onUsage?.(answer.usage);
  if (answer.problem !== undefined) throw new Error(answer.problem);
  for (const call of answer.toolCalls) listener.onToolCall?.(call);
}

function post(
  url: string,
  { token, client }: Pick<ChatGateway, 'token' | 'client'>,
  body: string,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${token}`,
      'User-Agent': client,
      'X-Tree-Warden-Keep-Alive': keepAlive,
    };
    httpRequest(url, { method: 'POST', headers, ...(signal && { signal }) }, resolve)
      .on('error', reject)
      .end(body);
  });
}

async function readEvents(response: IncomingMessage, answer: ChatAnswer, listener: ChatListener): Promise<void> {
  const texts: string[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => texts.push(answer.addEvent(event, data)),
    onComment: (state) => listener.onWaiting?.(state.trim()),
  });
  const decoder = new TextDecoder();
  for await (const piece of response as AsyncIterable<Buffer>) {
    parser.feed(decoder.decode(piece, { stream: true }));
    for (const text of texts.splice(0)) await tell(answer, text, listener);
  }
}

/** What was thought comes before what is said. */
async function tell(answer: ChatAnswer, text: string, listener: ChatListener): Promise<void> {
  const reasoning = answer.takeReasoning();
  if (reasoning !== '') listener.onReasoning?.(reasoning);
  if (text !== '') await listener.onText(text);
}

async function textOf(response: IncomingMessage): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of response as AsyncIterable<Buffer>) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > longestBody) throw new Error(`The answer has more than ${longestBody} characters.`);
  }
  return text;
}
