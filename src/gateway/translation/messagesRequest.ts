/** A request of Anthropic's Messages API (https://docs.anthropic.com/en/api/messages) in the words of chat completions. */

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
  ...'system messages max_tokens stop_sequences tools tool_choice thinking metadata output_config output_format stream'.split(' '),
  ...'cache_control service_tier context_management inference_geo speed diagnostics container mcp_servers'.split(' '),
]);

/**
 * Fields that the API does not know are handed on, because servers have their own.
 * @throws GatewayError that names the field which is wrong, or which cannot be translated.
 */
export function chatFromMessages(body: Fields): Fields {
  if (listAt(body['mcp_servers'], 'mcp_servers').length > 0) throw notOffered('mcp_servers', 'a server’s use of MCP');
  if (isGiven(body['container'])) throw notOffered('container', 'a container');
  const messages = listAt(body['messages'], 'messages');
  if (messages.length === 0) throw mustBe('messages', 'a list of at least one message');
  const output = isGiven(body['output_config']) ? objectAt(body['output_config'], 'output_config') : {};
  const metadata = isGiven(body['metadata']) ? objectAt(body['metadata'], 'metadata') : {};
  const isStream = body['stream'] === true;
  return {
    ...otherFields(body, known),
    messages: withOneSystemMessage(
      systemOf(body['system']),
      messages.flatMap((message, index) => messagesOf(message, `messages[${index}]`)),
    ),
    ...given({
      max_tokens: body['max_tokens'],
      stop: body['stop_sequences'],
      user: metadata['user_id'],
      reasoning_effort: effortOf(output['effort']),
      response_format: formatOf(output['format'] ?? body['output_format']),
      thinking_budget_tokens: isGiven(body['thinking']) ? objectAt(body['thinking'], 'thinking')['budget_tokens'] : undefined,
    }),
    ...toolsOf(body),
    ...(isStream && { stream: true, stream_options: { include_usage: true } }),
  };
}

function systemOf(system: unknown): string[] {
  if (!isGiven(system)) return [];
  if (typeof system === 'string') return [system];
  return [
    listAt(system, 'system')
      .map((block, index) => textAt(objectAt(block, `system[${index}]`)['text'], `system[${index}].text`))
      .join('\n'),
  ];
}

function messagesOf(value: unknown, field: string): ChatMessage[] {
  const { role, content } = objectAt(value, field);
  if (role !== 'user' && role !== 'assistant' && role !== 'system') throw mustBe(`${field}.role`, '"user", "assistant" or "system"');
  if (typeof content === 'string') return [{ role, content }];
  const blocks = listAt(content, `${field}.content`).map((block, index) => {
    const place = `${field}.content[${index}]`;
    return { block: objectAt(block, place), place };
  });
  if (role === 'assistant') return assistantTurn(blocks);
  const results: ChatMessage[] = [];
  const parts = blocks.flatMap(({ block, place }) => {
    if (role !== 'user' || block['type'] !== 'tool_result') return partsOf(block, place);
    const { message, others } = resultOf(block, place);
    results.push(message);
    return others;
  });
  // The result of a call has to follow the call, before anything else that the user says.
  return parts.length > 0 ? [...results, { role, content: contentOf(parts) }] : results;
}

interface Placed {
  readonly block: Fields;
  readonly place: string;
}

function assistantTurn(blocks: readonly Placed[]): ChatMessage[] {
  const calls: ChatCall[] = [];
  let text = '';
  let reasoning = '';
  for (const { block, place } of blocks) {
    if (block['type'] === 'tool_use') calls.push(callOf(block, place));
    else if (block['type'] === 'thinking') reasoning += textAt(block['thinking'], `${place}.thinking`);
    else if (block['type'] === 'text') text += textAt(block['text'], `${place}.text`);
    // Only its maker can read it.
    else if (block['type'] !== 'redacted_thinking') throw unknownBlock(block, place);
  }
  return text === '' && reasoning === '' && calls.length === 0 ? [] : [assistantMessage({ text, reasoning, calls })];
}

function callOf({ id, name, input }: Fields, place: string): ChatCall {
  return {
    id: textAt(id, `${place}.id`),
    type: 'function',
    function: { name: textAt(name, `${place}.name`), arguments: JSON.stringify(objectAt(input ?? {}, `${place}.input`)) },
  };
}

function resultOf({ tool_use_id, content }: Fields, place: string): ToolResult {
  const inner = typeof content === 'string' ? [{ type: 'text', text: content }] : listAt(content, `${place}.content`);
  const parts = inner.flatMap((block, index) => partsOf(objectAt(block, `${place}.content[${index}]`), `${place}.content[${index}]`));
  return toolMessage(textAt(tool_use_id, `${place}.tool_use_id`), parts);
}

/** What a user, or a tool, shows to the model. */
function partsOf(block: Fields, place: string): ChatPart[] {
  switch (block['type']) {
    case 'text':
      return [textPart(textAt(block['text'], `${place}.text`))];
    case 'image':
      return [imagePart(imageUrl(objectAt(block['source'], `${place}.source`), `${place}.source`))];
    case 'document':
      return documentParts(block, place);
    case 'search_result':
      return [
        textPart([block['title'], block['source']].filter((line) => typeof line === 'string').join('\n')),
        ...listAt(block['content'], `${place}.content`).flatMap((part, index) =>
          partsOf(objectAt(part, `${place}.content[${index}]`), `${place}.content[${index}]`),
        ),
      ];
    default:
      throw unknownBlock(block, place);
  }
}

function imageUrl({ type, media_type, data, url }: Fields, place: string): string {
  if (type === 'base64') return `data:${textAt(media_type, `${place}.media_type`)};base64,${textAt(data, `${place}.data`)}`;
  if (type === 'url') return textAt(url, `${place}.url`);
  throw notOffered(`${place}.type`, `an image by '${String(type)}'`, 'Send it as base64, or by its URL.');
}

function documentParts({ source, title, context }: Fields, place: string): ChatPart[] {
  const { type, data, content } = objectAt(source, `${place}.source`);
  const about = [title, context].flatMap((line): ChatPart[] => (typeof line === 'string' ? [textPart(line)] : []));
  if (type === 'text') return [...about, textPart(textAt(data, `${place}.source.data`))];
  if (type !== 'content') throw notOffered(`${place}.source.type`, `a document by '${String(type)}'`, 'Send its text.');
  if (typeof content === 'string') return [...about, textPart(content)];
  const field = `${place}.source.content`;
  const inner = listAt(content, field).flatMap((part, index) => partsOf(objectAt(part, `${field}[${index}]`), `${field}[${index}]`));
  return [...about, ...inner];
}

function unknownBlock({ type }: Fields, place: string): Error {
  return notOffered(`${place}.type`, `a block of the type '${String(type)}'`);
}

function toolsOf({ tools, tool_choice: choice }: Fields): Fields {
  const functions = listAt(tools, 'tools').map((tool, index) => functionOf(objectAt(tool, `tools[${index}]`), `tools[${index}]`));
  const { type, name, disable_parallel_tool_use: alone } = isGiven(choice) ? objectAt(choice, 'tool_choice') : {};
  const chosen = type === undefined ? undefined : choiceOf(type, name);
  // Servers refuse a choice where there is nothing to choose from.
  if (functions.length === 0) return {};
  return {
    tools: functions,
    ...(chosen !== undefined && { tool_choice: chosen }),
    ...(alone === true && { parallel_tool_calls: false }),
  };
}

function functionOf({ type, name, description, input_schema: schema, strict }: Fields, place: string): object {
  if (isGiven(type) && type !== 'custom')
    throw notOffered(`${place}.type`, `the tool '${String(type)}'`, 'Declare a tool with an input_schema, and run it yourself.');
  return {
    type: 'function',
    function: {
      name: textAt(name, `${place}.name`),
      ...given({ description, strict }),
      parameters: objectAt(schema, `${place}.input_schema`),
    },
  };
}

function choiceOf(type: unknown, name: unknown): unknown {
  switch (type) {
    case 'auto':
    case 'none':
      return type;
    case 'any':
      return 'required';
    case 'tool':
      return { type: 'function', function: { name: textAt(name, 'tool_choice.name') } };
    default:
      throw mustBe('tool_choice.type', '"auto", "any", "tool" or "none"');
  }
}

/** Anthropic's two highest ones are refused by servers that have three. */
function effortOf(effort: unknown): unknown {
  return effort === 'xhigh' || effort === 'max' ? 'high' : effort;
}

function formatOf(format: unknown): object | undefined {
  if (!isGiven(format)) return undefined;
  const { type, schema } = objectAt(format, 'output_config.format');
  if (type !== 'json_schema') throw notOffered('output_config.format.type', `the format '${String(type)}'`);
  return { type: 'json_schema', json_schema: { name: 'output', schema: objectAt(schema, 'output_config.format.schema'), strict: true } };
}
