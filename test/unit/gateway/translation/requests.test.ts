import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { InvalidRequestError } from '../../../../src/gateway/translation/invalidRequestError.ts';
import { chatFromMessages } from '../../../../src/gateway/translation/messagesRequest.ts';
import { chatFromResponses } from '../../../../src/gateway/translation/responsesRequest.ts';
import { holdsFor } from '../../../support/property.ts';

const hello = { role: 'user', content: 'hello' };
const saidBy = (role: string, ...content: object[]) => ({ messages: [{ role, content }] });

describe('a request of Anthropic’s', () => {
  const refused: [what: string, body: object, field: string, message: RegExp][] = [
    ['without messages', {}, 'messages', /must be a list of at least one message/],
    ['with messages that are no list', { messages: 'hello' }, 'messages', /must be a list/],
    ['with a message that is no object', { messages: [5] }, 'messages[0]', /must be an object/],
    ['of another role', saidBy('tool'), 'messages[0].role', /"user", "assistant" or "system"/],
    ['with an unknown block', saidBy('user', { type: 'container_upload' }), 'messages[0].content[0].type', /'container_upload'/],
    [
      'with a block that only a server’s tool has',
      saidBy('assistant', { type: 'server_tool_use' }),
      'messages[0].content[0].type',
      /'server_tool_use'/,
    ],
    [
      'with a result that an assistant gives',
      saidBy('assistant', { type: 'tool_result', tool_use_id: 'x' }),
      'messages[0].content[0].type',
      /'tool_result'/,
    ],
    [
      'with a result that the system gives',
      saidBy('system', { type: 'tool_result', tool_use_id: 'x' }),
      'messages[0].content[0].type',
      /'tool_result'/,
    ],
    [
      'with an image by its id',
      saidBy('user', { type: 'image', source: { type: 'file', file_id: 'f' } }),
      'messages[0].content[0].source.type',
      /an image by 'file'.* Send it as base64/,
    ],
    [
      'with a PDF',
      saidBy('user', { type: 'document', source: { type: 'base64', data: '' } }),
      'messages[0].content[0].source.type',
      /a document by 'base64'.* Send its text/,
    ],
    [
      'with a result of a search',
      saidBy('user', { type: 'tool_result', tool_use_id: 'x', content: [{ type: 'tool_reference' }] }),
      'messages[0].content[0].content[0].type',
      /'tool_reference'/,
    ],
    [
      'with a tool of Anthropic’s',
      { messages: [hello], tools: [{ type: 'bash_20250124', name: 'bash' }] },
      'tools[0].type',
      /the tool 'bash_20250124'.* run it yourself/,
    ],
    ['with a tool without a schema', { messages: [hello], tools: [{ name: 'a' }] }, 'tools[0].input_schema', /must be an object/],
    ['with another choice', { messages: [hello], tool_choice: { type: 'some' } }, 'tool_choice.type', /"auto", "any", "tool" or "none"/],
    ['with servers of MCP', { messages: [hello], mcp_servers: [{}] }, 'mcp_servers', /MCP/],
    ['with a container', { messages: [hello], container: 'c' }, 'container', /a container/],
    ['with a system that is none', { messages: [hello], system: 5 }, 'system', /must be a list/],
  ];
  for (const [what, body, field, message] of refused)
    it(`${what} is refused by name`, () => {
      assert.throws(
        () => chatFromMessages({ model: 'one', ...body }),
        (error) =>
          error instanceof InvalidRequestError && error.status === 400 && error.details.param === field && message.test(error.message),
      );
    });

  const translated: [what: string, body: object, expected: object][] = [
    [
      'keeps a thought that is encrypted to itself',
      saidBy('assistant', { type: 'redacted_thinking', data: 'x' }, { type: 'text', text: 'a' }),
      { messages: [{ role: 'assistant', content: 'a' }] },
    ],
    [
      'has the text of a document',
      saidBy('user', { type: 'document', title: 'T', context: null, source: { type: 'text', media_type: 'text/plain', data: 'D' } }),
      { messages: [{ role: 'user', content: 'T\nD' }] },
    ],
    [
      'has what a search has found',
      saidBy('user', { type: 'search_result', title: 'T', source: 'http://x', content: [{ type: 'text', text: 'D' }] }),
      { messages: [{ role: 'user', content: 'T\nhttp://x\nD' }] },
    ],
    [
      'has one message of the system at its beginning, and later ones where they are',
      { system: 'A', messages: [{ role: 'system', content: 'B' }, hello, { role: 'system', content: 'C' }] },
      { messages: [{ role: 'system', content: 'A\n\nB' }, hello, { role: 'system', content: 'C' }] },
    ],
    [
      'says which tool is to be called',
      {
        messages: [hello],
        tools: [{ name: 'a', input_schema: {} }],
        tool_choice: { type: 'tool', name: 'a', disable_parallel_tool_use: true },
      },
      {
        messages: [hello],
        tools: [{ type: 'function', function: { name: 'a', parameters: {} } }],
        tool_choice: { type: 'function', function: { name: 'a' } },
        parallel_tool_calls: false,
      },
    ],
    ['says nothing of tools where it has none', { messages: [hello], tools: [], tool_choice: { type: 'auto' } }, { messages: [hello] }],
    [
      'wants no more effort than all servers know',
      { messages: [hello], output_config: { effort: 'max' } },
      { messages: [hello], reasoning_effort: 'high' },
    ],
    ['says nothing of tools where it has none', { messages: [hello], tools: [], tool_choice: { type: 'auto' } }, { messages: [hello] }],
    [
      'says how much effort is wanted, and in what form',
      {
        messages: [hello],
        output_config: { effort: 'low', format: { type: 'json_schema', schema: { type: 'object' } } },
        thinking: { type: 'enabled', budget_tokens: 9 },
      },
      {
        messages: [hello],
        reasoning_effort: 'low',
        response_format: { type: 'json_schema', json_schema: { name: 'output', schema: { type: 'object' }, strict: true } },
        thinking_budget_tokens: 9,
      },
    ],
    [
      'hands on what a server may know, and no hints of Anthropic’s',
      { messages: [hello], min_p: 0.1, seed: null, service_tier: 'auto', context_management: { edits: [] }, mcp_servers: [] },
      { messages: [hello], min_p: 0.1 },
    ],
  ];
  for (const [what, body, expected] of translated) it(what, () => assert.deepEqual(chatFromMessages({ ...body }), expected));
});

describe('any request at all', () => {
  it('is translated, or refused with a sentence', async () => {
    const block = fc.record(
      {
        type: fc.constantFrom('text', 'image', 'tool_use', 'tool_result', 'input_text', 'input_image', 'x'),
        text: fc.jsonValue(),
        source: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const message = fc.record(
      {
        type: fc.constantFrom('message', 'function_call', 'reasoning'),
        role: fc.constantFrom('user', 'assistant', 'system'),
        content: fc.oneof(fc.jsonValue(), fc.array(block)),
      },
      { requiredKeys: [] },
    );
    const body = fc.record(
      {
        messages: fc.array(message),
        input: fc.oneof(fc.string(), fc.array(message)),
        system: fc.jsonValue(),
        tools: fc.jsonValue(),
        tool_choice: fc.jsonValue(),
        text: fc.jsonValue(),
        reasoning: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    await holdsFor(body, (fields) => {
      for (const translate of [chatFromMessages, chatFromResponses])
        try {
          assert.ok(Array.isArray(translate(fields)['messages']));
        } catch (error) {
          assert.ok(error instanceof InvalidRequestError, String(error));
        }
    });
  });
});
