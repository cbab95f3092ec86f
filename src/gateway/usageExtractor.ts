import { createParser } from 'eventsource-parser';
import { asRecord } from '../protocol/jsonFields.ts';

/** Tokens as the server has counted them. */
export interface TokenUsage {
  /** All that the model has read: with those that the server had in its cache, and those that it has put there. */
  readonly inputTokens?: number;
  /** Of those, the ones that the server had from an earlier request. */
  readonly cachedTokens?: number;
  readonly outputTokens?: number;
}

/** Bytes that are kept of the beginning and the end of an answer: usage stands in the first events or in the last ones. */
const headBytes = 4 * 1024;
const tailBytes = 16 * 1024;
/** Maximum number of tokens of one answer that is believed: a hundred times more than any model reads. */
const maxTokens = 1e9;

/** Reads the token usage, the time of the first byte, and an error at the end of a stream from an answer as it passes. It keeps a few kilobytes, however long the answer is. */
export class UsageExtractor {
  readonly #isStream: boolean;
  /** Undefined for an answer that is not a stream: its end is enough. */
  readonly #head: Edge | undefined;
  readonly #tail = new Edge(tailBytes, 'last');
  #firstAt: number | undefined;

  constructor(contentType: string) {
    this.#isStream = contentType.startsWith('text/event-stream');
    if (this.#isStream) this.#head = new Edge(headBytes, 'first');
  }

  /** Time of the first chunk, by performance.now(). */
  get firstAt(): number | undefined {
    return this.#firstAt;
  }

  add(chunk: Buffer): void {
    this.#firstAt ??= performance.now();
    this.#head?.add(chunk);
    this.#tail.add(chunk);
  }

  usage(): TokenUsage {
    if (!this.#isStream) return usageIn(lastUsage(this.#tail.text));
    const events = [this.#head, this.#tail].flatMap((edge) => (edge ? eventsIn(edge.text) : []));
    return Object.assign({}, ...events.map(usageIn)) as TokenUsage;
  }

  /** Whether it is a stream whose last event is an error: its status, sent long before, says that all is well. */
  endsWithError(): boolean {
    const { text } = this.#tail;
    return this.#isStream && text.includes('error') && isError(eventsIn(text).at(-1));
  }
}

/** The first or the last bytes of a stream, in whole chunks. */
class Edge {
  readonly #bytes: number;
  readonly #which: 'first' | 'last';
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(bytes: number, which: 'first' | 'last') {
    this.#bytes = bytes;
    this.#which = which;
  }

  get text(): string {
    const [only] = this.#chunks;
    return (this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks)).toString();
  }

  add(chunk: Buffer): void {
    if (this.#which === 'first' && this.#length >= this.#bytes) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#which === 'first') return;
    for (let [first] = this.#chunks; first && this.#length - first.length >= this.#bytes; [first] = this.#chunks) {
      this.#chunks.shift();
      this.#length -= first.length;
    }
  }
}

/** Events that are cut off at either end are left out. */
function eventsIn(text: string): unknown[] {
  const events: unknown[] = [];
  const parser = createParser({ onEvent: ({ data }) => events.push(parseOr(data)) });
  parser.feed(text);
  return events.filter((event) => event !== undefined);
}

/** OpenAI's `{ "error": … }`, and the events of Anthropic's messages and OpenAI's responses. */
function isError(event: unknown): boolean {
  const { error, type } = asRecord(event);
  return (error !== undefined && error !== null) || type === 'error' || type === 'response.failed';
}

/** What stands behind the last `"usage":` of a text, which may have been cut off at its beginning; to read all of a long answer would cost more than to pass it on. */
function lastUsage(text: string): unknown {
  const [, usage] = text.slice(Math.max(0, text.lastIndexOf('"usage"'))).match(/^"usage"\s*:\s*(\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})/) ?? [];
  return usage === undefined ? parseOr(text) : { usage: parseOr(usage) };
}

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Reads OpenAI's format and Anthropic's; usage is in the event itself, its message (message_start), or its response (responses). OpenAI's numbers of input tokens have the
 * cached ones in them, Anthropic's have not: "total input tokens = cache_read_input_tokens + cache_creation_input_tokens + input_tokens", all of which are billed, though at
 * different prices (https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching).
 */
function usageIn(event: unknown): TokenUsage {
  const { usage, message, response } = asRecord(event);
  const found = asRecord(usage ?? asRecord(message)['usage'] ?? asRecord(response)['usage']);
  const input = found['prompt_tokens'] ?? withCache(found);
  const output = found['completion_tokens'] ?? found['output_tokens'];
  const details = asRecord(found['prompt_tokens_details'] ?? found['input_tokens_details']);
  const cached = details['cached_tokens'] ?? found['cache_read_input_tokens'];
  return {
    ...(isCount(cached) && { cachedTokens: cached }),
    ...(isCount(input) && input > 0 && { inputTokens: input }),
    ...(isCount(output) && { outputTokens: output }),
  };
}

/** Some gateways write Anthropic's names beside OpenAI's `prompt_tokens`, which has them in it. */
function withCache({
  input_tokens: input,
  cache_read_input_tokens: read,
  cache_creation_input_tokens: created,
}: ReturnType<typeof asRecord>): unknown {
  return isCount(input) ? input + (isCount(read) ? read : 0) + (isCount(created) ? created : 0) : input;
}

/** What cannot be a number of tokens is as good as not said: a negative one would give a budget back. */
function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxTokens;
}
