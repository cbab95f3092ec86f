/** A request of OpenAI's Responses API (https://platform.openai.com/docs/api-reference/responses) in the words of chat completions. */

import { isGiven } from '../../protocol/jsonFields.ts';
import {
  assistantMessage,
  type ChatCall,
  type ChatMessage,
  type ChatPart,
  contentOf,
  imagePart,
  type ToolResult,
  textPart,
  toolMessage,
  withOneSystemMessage,
} from './chatMessages.ts';
import { type Fields, given, listAt, mustBe, notOffered, objectAt, otherFields, textAt } from './fields.ts';

/** All that the API knows; what is not translated below is a hint that changes no answer: of caches, tiers and places. */
const known: ReadonlySet<string> = new Set([
  ...'input instructions max_output_tokens max_tool_calls tools tool_choice parallel_tool_calls text reasoning stream'.split(' '),
  ...'stream_options previous_response_id conversation prompt background include store metadata truncation service_tier'.split(' '),
  ...'top_logprobs safety_identifier prompt_cache_key prompt_cache_options prompt_cache_retention context_management'.split(' '),
  ...'moderation image access_programs'.split(' '),
]);

const sendAll = 'Nothing is kept between requests: send the whole conversation as input.';

/**
 * Fields that the API does not know are handed on, because servers have their own.
 * @throws GatewayError that names the field which is wrong, or which cannot be translated.
 */
export function chatFromResponses(body: Fields): Fields {
  refuseWhatIsKept(body);
  const { input, instructions, text, reasoning } = body;
  const isStream = body['stream'] === true;
  const system = isGiven(instructions) ? [textAt(instructions, 'instructions')] : [];
  const messages = typeof input === 'string' ? [{ role: 'user' as const, content: input }] : messagesOf(listAt(input, 'input'));
  if (messages.length === 0) throw mustBe('input', 'a text, or a list of at least one item');
  return {
    ...otherFields(body, known),
    messages: withOneSystemMessage(system, messages),
    ...given({
      max_tokens: body['max_output_tokens'],
      reasoning_effort: isGiven(reasoning) ? objectAt(reasoning, 'reasoning')['effort'] : undefined,
      response_format: isGiven(text) ? formatOf(objectAt(text, 'text')['format']) : undefined,
    }),
    ...toolsOf(body),
    ...(isStream && { stream: true, stream_options: { include_usage: true } }),
  };
}

function refuseWhatIsKept(body: Fields): void {
  if (isGiven(body['previous_response_id']))
    throw notOffered('previous_response_id', 'an earlier response', sendAll, 'previous_response_not_found');
  if (isGiven(body['conversation'])) throw notOffered('conversation', 'a stored conversation', sendAll);
  if (isGiven(body['prompt'])) throw notOffered('prompt', 'a stored prompt', 'Send its text as instructions.');
  if (body['background'] === true) throw notOffered('background', 'an answer in the background');
  const logprobs = listAt(body['include'], 'include').indexOf('message.output_text.logprobs');
  if (logprobs >= 0) throw notOffered(`include[${logprobs}]`, 'the probability of each token');
}

/** Reasoning, text and calls that follow each other are one turn of the assistant. */
function messagesOf(items: readonly unknown[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let turn: { text: string; reasoning: string; calls: ChatCall[] } | undefined;
  let shown: ChatPart[] = [];
  const endTurn = (): void => {
    if (turn) messages.push(assistantMessage(turn));
    turn = undefined;
  };
  /** The results of the calls of a turn follow each other; images of them come behind the last one. */
  const endResults = (): void => {
    if (shown.length > 0) messages.push({ role: 'user', content: shown });
    shown = [];
  };
  items.forEach((value, index) => {
    const place = `input[${index}]`;
    const item = objectAt(value, place);
    const type = item['type'] ?? 'message';
    if (type === 'function_call_output') {
      endTurn();
      const { message, others } = outputOf(item, place);
      messages.push(message);
      shown.push(...others);
      return;
    }
    endResults();
    if (type === 'message' && item['role'] !== 'assistant') {
      endTurn();
      messages.push(messageOf(item, place));
    } else {
      turn ??= { text: '', reasoning: '', calls: [] };
      if (type === 'message') turn.text += textOf(item['content'], `${place}.content`);
      else if (type === 'function_call') turn.calls.push(callOf(item, place));
      else if (type === 'reasoning') turn.reasoning += reasoningOf(item, place);
      else throw unknownItem(type, place);
    }
  });
  endTurn();
  endResults();
  return messages;
}

function unknownItem(type: unknown, place: string): Error {
  const instead = type === 'item_reference' ? sendAll : '';
  return notOffered(`${place}.type`, `an item of the type '${String(type)}'`, instead);
}

function messageOf({ role, content }: Fields, place: string): ChatMessage {
  if (role !== 'user' && role !== 'system' && role !== 'developer')
    throw mustBe(`${place}.role`, '"user", "assistant", "system" or "developer"');
  // Few templates know a developer.
  if (role !== 'user') return { role: 'system', content: textOf(content, `${place}.content`) };
  return { role, content: typeof content === 'string' ? content : contentOf(partsOf(content, `${place}.content`)) };
}

function callOf({ call_id: id, name, arguments: given }: Fields, place: string): ChatCall {
  return {
    id: textAt(id, `${place}.call_id`),
    type: 'function',
    function: { name: textAt(name, `${place}.name`), arguments: textAt(given, `${place}.arguments`) },
  };
}

function outputOf({ call_id: id, output }: Fields, place: string): ToolResult {
  const parts = typeof output === 'string' ? [textPart(output)] : partsOf(output, `${place}.output`);
  return toolMessage(textAt(id, `${place}.call_id`), parts);
}

/** Its whole content where the server has told it, else its summary; nothing where it is encrypted. */
function reasoningOf({ content, summary }: Fields, place: string): string {
  const texts = [
    ...listAt(content, `${place}.content`).map((part, index) => objectAt(part, `${place}.content[${index}]`)),
    ...(isGiven(content) ? [] : listAt(summary, `${place}.summary`).map((part, index) => objectAt(part, `${place}.summary[${index}]`))),
  ];
  return texts.map(({ text }) => (typeof text === 'string' ? text : '')).join('');
}

function textOf(content: unknown, place: string): string {
  if (typeof content === 'string') return content;
  const parts = contentOf(partsOf(content, place));
  if (typeof parts !== 'string') throw notOffered(place, 'anything but text in a message that is not the user’s');
  return parts;
}

function partsOf(content: unknown, place: string): ChatPart[] {
  return listAt(content, place).map((value, index) => partOf(objectAt(value, `${place}[${index}]`), `${place}[${index}]`));
}

function partOf(part: Fields, place: string): ChatPart {
  const { type, text, refusal, image_url: url, detail, input_audio: audio } = part;
  switch (type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return textPart(textAt(text, `${place}.text`));
    case 'refusal':
      return textPart(textAt(refusal, `${place}.refusal`));
    case 'input_image':
      if (!isGiven(url)) throw notOffered(`${place}.file_id`, 'an image by the id of a file', 'Send it as a data URL, or by its URL.');
      return imagePart(textAt(url, `${place}.image_url`), detail);
    case 'input_audio':
      return { type, input_audio: objectAt(audio, `${place}.input_audio`) };
    case 'input_file':
      throw notOffered(`${place}.type`, 'a file', 'Send its text.');
    default:
      throw notOffered(`${place}.type`, `content of the type '${String(type)}'`);
  }
}

function toolsOf({ tools, tool_choice: choice, parallel_tool_calls: inParallel }: Fields): Fields {
  const functions = listAt(tools, 'tools').map((tool, index) => functionOf(objectAt(tool, `tools[${index}]`), `tools[${index}]`));
  const chosen = isGiven(choice) ? choiceOf(choice) : undefined;
  // Servers refuse a choice where there is nothing to choose from.
  return functions.length === 0 ? {} : { tools: functions, ...given({ tool_choice: chosen, parallel_tool_calls: inParallel }) };
}

function functionOf({ type, name, description, parameters, strict }: Fields, place: string): object {
  if (type !== 'function')
    throw notOffered(`${place}.type`, `the tool '${String(type)}'`, 'Declare a tool of the type "function", and run it yourself.');
  return { type, function: { name: textAt(name, `${place}.name`), ...given({ description, parameters, strict }) } };
}

function choiceOf(choice: unknown): unknown {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  const { type, name } = objectAt(choice, 'tool_choice');
  if (type !== 'function') throw notOffered('tool_choice.type', `the choice '${String(type)}'`);
  return { type, function: { name: textAt(name, 'tool_choice.name') } };
}

function formatOf(format: unknown): object | undefined {
  if (!isGiven(format)) return undefined;
  const { type, name, schema, strict, description } = objectAt(format, 'text.format');
  if (type === 'text') return undefined;
  if (type === 'json_object') return { type };
  if (type !== 'json_schema') throw notOffered('text.format.type', `the format '${String(type)}'`);
  return { type, json_schema: given({ name: name ?? 'output', description, schema: objectAt(schema, 'text.format.schema'), strict }) };
}
