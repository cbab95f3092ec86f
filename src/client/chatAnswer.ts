/** What a model's answer consists of, in OpenAI's words and in what servers make of them: pure. */
import { ChatCalls } from '../protocol/chatCalls.ts';
import { contentText } from '../protocol/contentText.ts';
import { errorTextIn } from '../protocol/errors.ts';
import { asRecord, isGiven, listIn } from '../protocol/jsonFields.ts';

/** A tool that the model wants to be called. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** Tokens as the server has counted them. */
export interface AnswerUsage {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
}

/** Maximum number of characters quoted of an answer that cannot be read. */
const quotedLength = 500;

/** Puts an answer together from its events, or from one whole body. Nothing is left out silently: what cannot be read is a problem. */
export class ChatAnswer {
  readonly #calls = new ChatCalls();
  #problem: string | undefined;
  #isEmpty = true;
  #reasoning = '';
  #usage: AnswerUsage = {};

  /** What is wrong with it, as far as it is known. */
  get problem(): string | undefined {
    return this.#problem ?? (this.#isEmpty ? 'The server answered with nothing.' : undefined);
  }

  /** As the last piece that has some says; empty where none does. */
  get usage(): AnswerUsage {
    return this.#usage;
  }

  get toolCalls(): ToolCall[] {
    return this.#calls.all.map(({ id, name, arguments: given }, index) => ({ id: id ?? `call_${index + 1}`, name, arguments: given }));
  }

  /** What the model has thought since the last call. */
  takeReasoning(): string {
    const reasoning = this.#reasoning;
    this.#reasoning = '';
    return reasoning;
  }

  /** One event of a stream; answers with the text that it brings. */
  addEvent(event: string | undefined, data: string): string {
    if (event === 'error') {
      this.#fail(data.trim() === '' ? 'The server reported an error, and did not say which.' : errorTextIn(data));
      return '';
    }
    // A sign of life.
    if (data.trim() === '') return '';
    if (data.trim() === '[DONE]') {
      this.#isEmpty = false;
      return '';
    }
    return this.addBody(data);
  }

  /** A whole answer, or one piece of it, as JSON; answers with the text that it brings. */
  addBody(json: string): string {
    const body = parse(json);
    if (body === undefined) {
      this.#fail(`The server sent something that is not JSON: ${json.trim().slice(0, quotedLength)}`);
      return '';
    }
    this.#isEmpty = false;
    if (isGiven(body['error'])) this.#fail(errorTextIn(json).slice(0, quotedLength));
    if (isGiven(body['usage'])) this.#usage = usageOf(asRecord(body['usage']));
    const [choice] = listIn(body['choices']).map(asRecord);
    const { content, tool_calls: calls, reasoning_content, reasoning } = asRecord(choice?.['delta'] ?? choice?.['message']);
    this.#calls.add(listIn(calls).map(asRecord));
    this.#reasoning += contentText(reasoning_content ?? reasoning);
    return contentText(content);
  }

  #fail(problem: string): void {
    this.#isEmpty = false;
    this.#problem ??= problem;
  }
}

function parse(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function usageOf({ prompt_tokens: input, completion_tokens: output }: Readonly<Record<string, unknown>>): AnswerUsage {
  return { ...(typeof input === 'number' && { inputTokens: input }), ...(typeof output === 'number' && { outputTokens: output }) };
}
