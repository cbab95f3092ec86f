/** OpenAI’s official client, unchanged, asks for responses of a server that offers chat completions only. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import OpenAI from 'openai';
import type { ResponseStreamEvent } from 'openai/resources/responses/responses';
import { type Answer, ChatServer, chunkOf, saying, sendJson } from '../../../support/chatServer.ts';
import { eventually } from '../../../support/run.ts';

const chatOnly = (answer: Answer) => ChatServer.start({ '/v1/chat/completions': answer });
const clientOf = ({ gateway: { url, token } }: ChatServer) => new OpenAI({ baseURL: `${url}/v1`, apiKey: token, maxRetries: 0 });
const ask = { model: 'one', input: 'hello' };
const tool = { type: 'function' as const, name: 'weather', description: 'Tells it', parameters: { type: 'object' }, strict: true };
/** As a server of chat completions is told of it. */
const sentTool = { type: 'function', function: { name: 'weather', description: 'Tells it', parameters: { type: 'object' }, strict: true } };
const call = (index: number, name: string, text: string) => ({
  tool_calls: [{ index, id: `call_${name}`, type: 'function', function: { name, arguments: text } }],
});
const more = (index: number, text: string) => ({ tool_calls: [{ index, function: { arguments: text } }] });

async function eventsOf(server: ChatServer, changes: object = {}): Promise<ResponseStreamEvent[]> {
  const events: ResponseStreamEvent[] = [];
  for await (const event of await clientOf(server).responses.create({ ...ask, ...changes, stream: true })) events.push(event);
  return events;
}

describe('OpenAI’s client', () => {
  it('gets a response, with what the model has thought and what was cached', async () => {
    await using server = await chatOnly(saying([{ reasoning_content: 'hm' }, { content: 'Good ' }, { content: 'day' }]));
    const response = await clientOf(server).responses.create({ ...ask, instructions: 'Be brief.', metadata: { a: 'b' } });
    assert.equal(response.output_text, 'Good day');
    assert.deepEqual(
      response.output.map(({ type }) => type),
      ['reasoning', 'message'],
    );
    assert.deepEqual(
      [response.status, 'store' in response && response.store, response.metadata, response.instructions],
      ['completed', false, { a: 'b' }, 'Be brief.'],
    );
    assert.match(response.id, /^resp_[0-9a-f]{24}$/);
    assert.deepEqual(response.usage, {
      input_tokens: 11,
      input_tokens_details: { cached_tokens: 4 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 2 },
      total_tokens: 16,
    });
    const { messages, ...rest } = server.lastBody;
    assert.deepEqual(messages, [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'hello' },
    ]);
    assert.deepEqual(rest, { model: 'one' });
  });

  it('gets a stream of the events that it knows, and the statistics count it once', async () => {
    await using server = await chatOnly(saying([{ reasoning_content: 'hm' }, { content: 'Good ' }, { content: 'day' }]));
    const events = await eventsOf(server);
    const part = ['response.content_part.done', 'response.output_item.done'];
    assert.deepEqual(
      events.map(({ type }) => type),
      [
        ...['response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added'],
        ...['response.reasoning_text.delta', 'response.reasoning_text.done', ...part],
        ...['response.output_item.added', 'response.content_part.added', 'response.output_text.delta', 'response.output_text.delta'],
        ...['response.output_text.done', ...part, 'response.completed'],
      ],
    );
    assert.deepEqual(
      events.map((event) => event.sequence_number),
      [...events.keys()],
    );
    const { statistics } = await eventually('it is counted', () =>
      server.models.snapshots().find((model) => model.statistics.requests === 1),
    );
    assert.deepEqual([statistics.inputTokens, statistics.outputTokens, statistics.failures], [11, 5, 0]);
    const final = await clientOf(server).responses.stream(ask).finalResponse();
    assert.deepEqual([final.output_text, final.output.length, final.usage?.total_tokens], ['Good day', 2, 16]);
  });

  it('gets several calls of tools, streamed and whole', async () => {
    // Two that a server writes at once come one after the other.
    const pieces = [
      { content: 'Let me look.' },
      call(0, 'weather', ''),
      call(1, 'clock', '{"a"'),
      more(0, '{"place":"Ulm"}'),
      more(1, ':1}'),
    ];
    await using server = await chatOnly(saying(pieces, 'tool_calls'));
    const final = await clientOf(server)
      .responses.stream({ ...ask, tools: [tool], tool_choice: { type: 'function', name: 'weather' } })
      .finalResponse();
    const calls = final.output.flatMap((item) =>
      item.type === 'function_call' ? [[item.call_id, item.name, item.arguments, item.status]] : [],
    );
    const expected = ['call_weather', 'weather', '{"place":"Ulm"}', 'completed'];
    assert.deepEqual(calls, [expected, ['call_clock', 'clock', '{"a":1}', 'completed']]);
    assert.deepEqual(server.lastBody['tools'], [sentTool]);
    assert.deepEqual(server.lastBody['tool_choice'], { type: 'function', function: { name: 'weather' } });
    await using whole = await chatOnly(saying([call(0, 'weather', '{"place":"Ulm"}')], 'tool_calls'));
    const { output } = await clientOf(whole).responses.create({ ...ask, tools: [tool] });
    assert.ok(output[0]?.type === 'function_call');
    assert.deepEqual([output[0].call_id, output[0].name, output[0].arguments, output[0].status], expected);
  });

  it('sends a whole conversation in the words of chat completions', async () => {
    await using server = await chatOnly(saying([{ content: 'ok' }]));
    await clientOf(server).responses.create({
      model: 'one',
      instructions: 'Be brief.',
      max_output_tokens: 50,
      temperature: 0.5,
      parallel_tool_calls: false,
      tools: [tool],
      reasoning: { effort: 'low' },
      store: false,
      include: ['reasoning.encrypted_content'],
      text: { format: { type: 'json_schema', name: 'answer', schema: { type: 'object' }, strict: true } },
      input: [
        { role: 'developer', content: 'In German.' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What is it?' },
            { type: 'input_image', image_url: 'data:image/png;base64,aGk=', detail: 'low' },
          ],
        },
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }] },
        {
          type: 'message',
          role: 'assistant',
          id: 'msg_1',
          status: 'completed',
          content: [{ type: 'output_text', text: 'Let me look.', annotations: [] }],
        },
        { type: 'function_call', call_id: 'c1', name: 'weather', arguments: '{}' },
        { type: 'function_call', call_id: 'c2', name: 'clock', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_image', image_url: 'http://x/y.png', detail: 'auto' }] },
        { type: 'function_call_output', call_id: 'c2', output: 'noon' },
      ],
    });
    const { messages, ...rest } = server.lastBody;
    const image = (url: string, detail: string) => ({ type: 'image_url', image_url: { url, detail } });
    assert.deepEqual(messages, [
      { role: 'system', content: 'Be brief.\n\nIn German.' },
      { role: 'user', content: [{ type: 'text', text: 'What is it?' }, image('data:image/png;base64,aGk=', 'low')] },
      {
        role: 'assistant',
        content: 'Let me look.',
        reasoning_content: 'hm',
        tool_calls: ['weather', 'clock'].map((name, index) => ({
          id: `c${index + 1}`,
          type: 'function',
          function: { name, arguments: '{}' },
        })),
      },
      { role: 'tool', tool_call_id: 'c1', content: '' },
      { role: 'tool', tool_call_id: 'c2', content: 'noon' },
      { role: 'user', content: [image('http://x/y.png', 'auto')] },
    ]);
    assert.deepEqual(rest, {
      model: 'one',
      max_tokens: 50,
      temperature: 0.5,
      parallel_tool_calls: false,
      tools: [sentTool],
      reasoning_effort: 'low',
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' }, strict: true } },
    });
  });

  it('learns that the response was cut off', async () => {
    await using server = await chatOnly(saying([{ content: 'x' }], 'length'));
    const { status, incomplete_details: details } = await clientOf(server).responses.create(ask);
    assert.deepEqual([status, details], ['incomplete', { reason: 'max_output_tokens' }]);
    const last = (await eventsOf(server)).at(-1);
    assert.ok(last?.type === 'response.incomplete');
    assert.deepEqual(
      [last.response.incomplete_details, (last.response.output[0] as { status?: string } | undefined)?.status],
      [{ reason: 'max_output_tokens' }, 'incomplete'],
    );
  });

  it('gets errors of the server as such', async () => {
    const error = { message: 'no such thing', type: 'invalid_request_error', param: 'tools', code: 'told' };
    await using server = await chatOnly((_asked, response) => sendJson(response, { error }, 422));
    for (const stream of [false, true])
      await assert.rejects(
        async () => await clientOf(server).responses.create({ ...ask, stream }),
        (caught) => caught instanceof OpenAI.UnprocessableEntityError && caught.code === 'told' && caught.param === 'tools',
      );
    await using plain = await chatOnly((_asked, response) => void response.writeHead(500).end('oh no'));
    await assert.rejects(
      clientOf(plain).responses.create(ask),
      (caught) => caught instanceof OpenAI.InternalServerError && /oh no/.test(caught.message),
    );
  });

  it('is told in its stream of what goes wrong in the middle', async () => {
    await using server = await chatOnly((_asked, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(chunkOf({ content: 'a' }));
      response.end(`data: ${JSON.stringify({ error: { code: 500, message: 'out of memory' } })}\n\n`);
    });
    const types: string[] = [];
    await assert.rejects(
      async () => {
        for await (const { type } of await clientOf(server).responses.create({ ...ask, stream: true })) types.push(type);
      },
      (error) => error instanceof OpenAI.APIError && error.message === 'out of memory' && error.code === 'server_error',
    );
    assert.equal(types.at(-1), 'response.failed');
  });

  it('is told in its stream when the server dies', async () => {
    await using server = await chatOnly((_asked, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(chunkOf({ content: 'a' }));
    });
    const stream = clientOf(server).responses.stream(ask);
    stream.on('response.output_text.delta', () => server.die());
    await assert.rejects(stream.finalResponse(), /exited with code 3 before it had answered/);
  });

  it('gives up, and so does the server', async () => {
    let isClosed = false;
    await using server = await chatOnly((_asked, response) => {
      response.on('close', () => {
        isClosed = true;
      });
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(chunkOf({ content: 'a' }));
    });
    for await (const event of await clientOf(server).responses.create({ ...ask, stream: true }))
      if (event.type === 'response.output_text.delta') break;
    await eventually('the request to the server is aborted', () => isClosed);
  });

  it('is refused what is kept nowhere, and what chat completions have no words for', async () => {
    await using server = await chatOnly(saying([{ content: 'ok' }]));
    const refused: [object, string, RegExp][] = [
      [
        { previous_response_id: 'resp_1' },
        'previous_response_id',
        /Nothing is kept between requests: send the whole conversation as input\./,
      ],
      [{ conversation: 'conv_1' }, 'conversation', /a stored conversation/],
      [{ background: true }, 'background', /in the background/],
      [{ tools: [tool, { type: 'web_search' }] }, 'tools[1].type', /the tool 'web_search'/],
      [{ tool_choice: { type: 'mcp', server_label: 'x' } }, 'tool_choice.type', /the choice 'mcp'/],
      [{ input: [{ type: 'item_reference', id: 'x' }] }, 'input[0].type', /'item_reference'/],
      [{ input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }] }, 'input[0].content[0].type', /a file/],
      [
        { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'f', detail: 'auto' }] }] },
        'input[0].content[0].file_id',
        /by the id of a file/,
      ],
      [{ input: 5 }, 'input', /must be a list/],
      [{ input: [] }, 'input', /at least one item/],
      [{ include: ['message.output_text.logprobs'] }, 'include[0]', /probability/],
    ];
    for (const [changes, param, message] of refused)
      await assert.rejects(
        clientOf(server).responses.create({ ...ask, ...changes } as typeof ask),
        (error) => error instanceof OpenAI.BadRequestError && error.param === param && message.test(error.message),
        param,
      );
    assert.ok(!server.paths.includes('/v1/chat/completions'));
    const codes = await clientOf(server)
      .responses.create({ ...ask, previous_response_id: 'r' })
      .catch((error: { code: string }) => error.code);
    assert.equal(codes, 'previous_response_not_found');
  });

  it('hears from a server that keeps responses that it has not kept this one', async () => {
    const error = { message: "Response with id 'resp_1' not found.", type: 'invalid_request_error', param: null, code: 404 };
    await using server = await ChatServer.start({
      '/v1/responses': (_asked, response) => sendJson(response, { error }, 404),
      '/v1/chat/completions': saying([]),
    });
    await assert.rejects(
      clientOf(server).responses.create({ ...ask, previous_response_id: 'resp_1' }),
      /Response with id 'resp_1' not found/,
    );
    assert.deepEqual(server.paths, ['/v1/responses']);
  });

  it('gets what a variant of the model is set to', async () => {
    await using server = await ChatServer.start(
      { '/v1/chat/completions': saying([{ content: 'ok' }]) },
      { upstreamName: 'file.gguf', changes: { set: { seed: 7, max_output_tokens: 9 }, strip: ['temperature'] } },
    );
    await clientOf(server).responses.create({ ...ask, temperature: 1, user: 'u' });
    const { messages: _messages, ...rest } = server.lastBody;
    assert.deepEqual(rest, { model: 'file.gguf', user: 'u', seed: 7, max_tokens: 9 });
  });
});

describe('behind keep-alive events', () => {
  /** The text that the client gets, where the server answers when the first of them has come. */
  async function textBehind(answer: Answer): Promise<string> {
    let go: () => void = () => undefined;
    const isHeard = new Promise<void>((resolve) => {
      go = resolve;
    });
    await using server = await chatOnly(async (one, response) => {
      await isHeard;
      await answer(one, response);
    });
    const response = await server.ask('/v1/responses', { ...ask, stream: true }, { 'x-tree-warden-keep-alive': '500ms' });
    go();
    return await response.text();
  }

  it('an answer is translated', async () => {
    const text = await textBehind(saying([{ content: 'ok' }]));
    assert.match(text, /^: ready\n\n/);
    assert.match(text, /\n\nevent: response\.created\n.*\n\nevent: response\.completed\n/s);
  });

  it('an error is an event', async () => {
    const text = await textBehind((_asked, response) => sendJson(response, { error: { message: 'no' } }, 400));
    assert.match(text, /^: ready\n\n.*\n\nevent: response\.failed\n.*\n\nevent: error\ndata: [^\n]*"message":"no"[^\n]*\n\n$/s);
  });
});
