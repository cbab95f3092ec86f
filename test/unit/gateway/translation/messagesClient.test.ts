/** Anthropic’s official client, unchanged, with a server that offers chat completions only. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { type Answer, ChatServer, chunkOf, saying, sendJson, usage } from '../../../support/chatServer.ts';
import { eventually } from '../../../support/run.ts';

const chatOnly = (answer: Answer) => ChatServer.start({ '/v1/chat/completions': answer });
const clientOf = ({ gateway: { url, token } }: ChatServer) => new Anthropic({ baseURL: url, apiKey: token, maxRetries: 0 });
const ask = { model: 'one', max_tokens: 100, messages: [{ role: 'user' as const, content: 'hello' }] };
const tool = {
  name: 'weather',
  description: 'Tells it',
  input_schema: { type: 'object' as const, properties: { place: { type: 'string' } } },
};
const call = (index: number, name: string, text: string) => ({
  tool_calls: [{ index, id: `call_${name}`, type: 'function', function: { name, arguments: text } }],
});
const more = (index: number, text: string) => ({ tool_calls: [{ index, function: { arguments: text } }] });

describe('Anthropic’s client', () => {
  it('gets an answer, with what the model has thought and what was cached', async () => {
    await using server = await chatOnly(saying([{ reasoning_content: 'hm' }, { content: 'Good ' }, { content: 'day' }]));
    const message = await clientOf(server).messages.create(ask);
    assert.deepEqual(message.content, [
      { type: 'thinking', thinking: 'hm', signature: '' },
      { type: 'text', text: 'Good day' },
    ]);
    assert.deepEqual([message.stop_reason, message.role, message.model], ['end_turn', 'assistant', 'one']);
    assert.match(message.id, /^msg_[0-9a-f]{24}$/);
    const { input_tokens, cache_read_input_tokens, output_tokens } = message.usage;
    assert.deepEqual([input_tokens, cache_read_input_tokens, output_tokens], [7, 4, 5]);
  });

  it('is not shown what the model thinks where it has said so', async () => {
    await using server = await chatOnly(saying([{ reasoning_content: 'hm' }, { content: 'yes' }]));
    const quiet = { ...ask, thinking: { type: 'disabled' as const } };
    assert.deepEqual((await clientOf(server).messages.create(quiet)).content, [{ type: 'text', text: 'yes' }]);
    const { content } = await clientOf(server).messages.stream(quiet).finalMessage();
    assert.deepEqual(content, [{ type: 'text', text: 'yes' }]);
  });

  it('gets a stream, and the statistics count it once', async () => {
    await using server = await chatOnly(
      saying([{ reasoning_content: 'h' }, { reasoning_content: 'm' }, { content: 'Good ' }, { content: 'day' }]),
    );
    const stream = clientOf(server).messages.stream(ask);
    const thoughts: string[] = [];
    stream.on('thinking', (text) => thoughts.push(text));
    assert.equal(await stream.finalText(), 'Good day');
    assert.deepEqual(thoughts, ['h', 'm']);
    const { usage: counted, stop_reason } = await stream.finalMessage();
    assert.deepEqual([counted.input_tokens, counted.cache_read_input_tokens, counted.output_tokens, stop_reason], [7, 4, 5, 'end_turn']);
    assert.deepEqual(server.lastBody['stream_options'], { include_usage: true });
    const { statistics } = await eventually('it is counted', () =>
      server.models.snapshots().find((model) => model.statistics.requests === 1),
    );
    assert.deepEqual([statistics.inputTokens, statistics.outputTokens, statistics.failures], [11, 5, 0]);
  });

  it('gets several calls of tools, streamed and whole', async () => {
    const pieces = [{ content: 'Let me look.' }, call(0, 'weather', '{"pl'), more(0, 'ace":"Ulm"}'), call(1, 'clock', '')];
    await using server = await chatOnly(saying(pieces, 'tool_calls'));
    const expected = [
      { type: 'text', text: 'Let me look.' },
      { type: 'tool_use', id: 'call_weather', name: 'weather', input: { place: 'Ulm' } },
      { type: 'tool_use', id: 'call_clock', name: 'clock', input: {} },
    ];
    const streamed = await clientOf(server)
      .messages.stream({ ...ask, tools: [tool] })
      .finalMessage();
    assert.deepEqual([streamed.content, streamed.stop_reason], [expected, 'tool_use']);
    await using whole = await chatOnly(saying([call(0, 'weather', '{"place":"Ulm"}')], 'tool_calls'));
    const { content } = await clientOf(whole).messages.create({
      ...ask,
      tools: [tool],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
    });
    assert.deepEqual(content, [expected[1]]);
    assert.deepEqual([whole.lastBody['tool_choice'], whole.lastBody['parallel_tool_calls']], ['required', false]);
  });

  it('sends what it was told in the words of chat completions', async () => {
    await using server = await chatOnly(saying([{ content: 'ok' }]));
    const image = { type: 'base64' as const, media_type: 'image/png' as const, data: 'aGk=' };
    await clientOf(server).messages.create({
      ...ask,
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      stop_sequences: ['END'],
      // Those that the client has no types for are sent all the same.
      ...{ temperature: 0.5, top_k: 5 },
      metadata: { user_id: 'u1' },
      tools: [tool],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'image', source: image },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: '' },
            { type: 'tool_use', id: 't1', name: 'weather', input: { place: 'Ulm' } },
            { type: 'tool_use', id: 't2', name: 'weather', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 't1',
              content: [
                { type: 'text', text: 'rain' },
                { type: 'image', source: { type: 'url', url: 'http://x/y.png' } },
              ],
            },
            { type: 'tool_result', tool_use_id: 't2', content: 'sun', is_error: true },
            { type: 'text', text: 'So?' },
          ],
        },
      ],
    });
    const { messages, ...rest } = server.lastBody;
    assert.deepEqual(messages, [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } },
        ],
      },
      {
        role: 'assistant',
        content: '',
        reasoning_content: 'hm',
        tool_calls: [
          { id: 't1', type: 'function', function: { name: 'weather', arguments: '{"place":"Ulm"}' } },
          { id: 't2', type: 'function', function: { name: 'weather', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 't1', content: 'rain' },
      { role: 'tool', tool_call_id: 't2', content: 'sun' },
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'http://x/y.png' } },
          { type: 'text', text: 'So?' },
        ],
      },
    ]);
    assert.deepEqual(rest, {
      model: 'one',
      max_tokens: 100,
      temperature: 0.5,
      top_k: 5,
      stop: ['END'],
      user: 'u1',
      tools: [{ type: 'function', function: { name: 'weather', description: 'Tells it', parameters: tool.input_schema } }],
    });
  });

  it('learns which sequence has stopped it, and that the answer was cut off', async () => {
    const finishing =
      (finish_reason: string, stop_reason: string | null): Answer =>
      (_asked, response) =>
        sendJson(response, { choices: [{ message: { content: 'x' }, finish_reason, stop_reason }], usage });
    await using stopped = await chatOnly(finishing('stop', 'END'));
    const { stop_reason, stop_sequence } = await clientOf(stopped).messages.create({ ...ask, stop_sequences: ['END'] });
    assert.deepEqual([stop_reason, stop_sequence], ['stop_sequence', 'END']);
    await using cut = await chatOnly(finishing('length', null));
    assert.equal((await clientOf(cut).messages.create(ask)).stop_reason, 'max_tokens');
  });

  it('gets errors of the server as such', async () => {
    const refusing =
      (status: number, error: object): Answer =>
      (_asked, response) =>
        sendJson(response, { error }, status);
    await using strict = await chatOnly(refusing(400, { message: 'no such thing', type: 'invalid_request_error' }));
    for (const stream of [false, true])
      await assert.rejects(
        async () => await clientOf(strict).messages.create({ ...ask, stream }),
        (error) =>
          error instanceof Anthropic.BadRequestError && error.type === 'invalid_request_error' && /no such thing/.test(error.message),
      );
    await using full = await chatOnly(
      refusing(400, { type: 'exceed_context_size_error', message: 'too many', n_prompt_tokens: 70, n_ctx: 64 }),
    );
    await assert.rejects(clientOf(full).messages.create(ask), /prompt is too long: 70 tokens > 64 maximum/);
    await using busy = await chatOnly(refusing(503, { message: 'busy' }));
    await assert.rejects(
      clientOf(busy).messages.create(ask),
      (error) => error instanceof Anthropic.InternalServerError && error.type === 'overloaded_error',
    );
  });

  it('is told in its stream of what goes wrong in the middle', async () => {
    const broken: readonly (readonly [string, RegExp])[] = [
      [`data: ${JSON.stringify({ error: { code: 500, message: 'out of memory' } })}\n\n`, /out of memory/],
      ['error: {"message":"out of slots"}\n\n', /out of slots/],
      ['data: {"choices":[{"del\n\n', /sent something that is no chat completion/],
      ['', /ended its answer in the middle/],
    ];
    for (const [last, expected] of broken) {
      await using server = await chatOnly((_asked, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(chunkOf({ content: 'a' }));
        response.end(last);
      });
      const stream = clientOf(server).messages.stream(ask);
      const texts: string[] = [];
      stream.on('text', (text) => texts.push(text));
      await assert.rejects(stream.finalMessage(), (error) => error instanceof Anthropic.APIError && expected.test(error.message));
      assert.deepEqual(texts, ['a']);
      const { statistics } = await eventually('it is counted', () =>
        server.models.snapshots().find((model) => model.statistics.requests === 1),
      );
      assert.equal(statistics.failures, 1);
    }
  });

  it('is told in its stream when the server dies', async () => {
    await using server = await chatOnly((_asked, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(chunkOf({ content: 'a' }));
    });
    const stream = clientOf(server).messages.stream(ask);
    stream.on('text', () => server.die());
    await assert.rejects(stream.finalMessage(), /exited with code 3 before it had answered/);
  });

  it('has to ask in JSON', async () => {
    await using server = await chatOnly(saying([]));
    const form = 'multipart/form-data; boundary=x';
    const body = '--x\r\nContent-Disposition: form-data; name="model"\r\n\r\none\r\n--x--\r\n';
    const response = await fetch(`${server.gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.gateway.token}`, 'content-type': form },
      body,
    });
    assert.equal(response.status, 400);
    assert.match(await response.text(), /"invalid_request_error","message":"A request .* has to be JSON/);
  });

  it('gives up, and so does the server', async () => {
    let isClosed = false;
    await using server = await chatOnly((_asked, response) => {
      response.on('close', () => {
        isClosed = true;
      });
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(chunkOf({ content: 'a' }));
    });
    for await (const event of clientOf(server).messages.stream(ask)) if (event.type === 'content_block_delta') break;
    await eventually('the request to the server is aborted', () => isClosed);
    await eventually('nothing is outstanding', () => server.models.snapshots()[0]?.outstanding === 0);
  });

  it('reads an answer as a stream where the server does not stream', async () => {
    await using server = await chatOnly((_asked, response) =>
      sendJson(response, { choices: [{ message: { content: 'all\nat once' }, finish_reason: 'stop' }], usage }),
    );
    assert.equal(await clientOf(server).messages.stream(ask).finalText(), 'all\nat once');
  });

  it('is refused what chat completions have no words for, and the server is not blamed', async () => {
    await using server = await chatOnly(saying([{ content: 'ok' }]));
    await assert.rejects(
      clientOf(server).messages.create({ ...ask, tools: [{ type: 'web_search_20250305', name: 'web_search' }] }),
      (error) =>
        error instanceof Anthropic.BadRequestError &&
        /tools\[0\]\.type: the tool 'web_search_20250305' cannot be used here, because the server of this model offers chat completions only\./.test(
          error.message,
        ),
    );
    assert.deepEqual(server.paths, ['/v1/messages']);
    const [model] = server.models.snapshots();
    assert.deepEqual([model?.statistics.failures, model?.outstanding], [0, 0]);
  });
});

describe('a server’s own messages', () => {
  const native: Answer = (_asked, response) =>
    sendJson(response, {
      id: 'm',
      type: 'message',
      role: 'assistant',
      content: [],
      stop_reason: 'end_turn',
      usage: { input_tokens: 1, output_tokens: 1 },
    });

  it('are used where it has them', async () => {
    await using server = await ChatServer.start({
      '/v1/messages?beta=true': native,
      '/v1/messages': native,
      '/v1/chat/completions': saying([]),
    });
    assert.equal((await clientOf(server).messages.create(ask)).id, 'm');
    await server.ask('/v1/messages?beta=true', ask);
    assert.deepEqual(server.paths, ['/v1/messages', '/v1/messages?beta=true']);
  });

  it('are not used where the model is declared so', async () => {
    const answers = { '/v1/messages': native, '/v1/responses': native, '/v1/chat/completions': saying([{ content: 'ok' }]) };
    await using server = await ChatServer.start(answers, { translate: ['messages'] });
    assert.deepEqual((await clientOf(server).messages.create(ask)).content, [{ type: 'text', text: 'ok' }]);
    await server.ask('/v1/responses', { model: 'one', input: 'hello' });
    assert.deepEqual(server.paths, ['/v1/chat/completions', '/v1/responses']);
  });

  it('are asked for once where it has none', async () => {
    await using server = await chatOnly(saying([{ content: 'ok' }]));
    for (let count = 0; count < 3; count++) await clientOf(server).messages.create(ask);
    await server.ask('/v1/messages?beta=true', ask);
    assert.deepEqual(server.paths, ['/v1/messages', ...Array.from({ length: 4 }, () => '/v1/chat/completions')]);
  });

  it('are asked for again where the server has no chat completions either', async () => {
    await using server = await ChatServer.start({});
    for (let count = 0; count < 2; count++) {
      const response = await server.ask('/v1/messages', ask);
      assert.deepEqual(
        [response.status, await response.json()],
        [404, { type: 'error', error: { type: 'not_found_error', message: 'File Not Found' } }],
      );
    }
    assert.deepEqual(server.paths, ['/v1/messages', '/v1/chat/completions', '/v1/messages', '/v1/chat/completions']);
  });

  it('say themselves that there is no such model', async () => {
    const missing = { type: 'error', error: { type: 'not_found_error', message: "model 'one' not found" } };
    await using server = await ChatServer.start({ '/v1/messages': (_asked, response) => sendJson(response, missing, 404) });
    const response = await server.ask('/v1/messages', ask);
    assert.deepEqual([response.status, await response.json(), server.paths], [404, missing, ['/v1/messages']]);
  });
});

describe('tokens', () => {
  const count = async (server: ChatServer) =>
    (await clientOf(server).messages.countTokens({ model: 'one', messages: ask.messages, system: 'Be brief.' })).input_tokens;

  it('are counted by llama-server’s template', async () => {
    await using server = await ChatServer.start({
      '/apply-template': ({ body }, response) => sendJson(response, { prompt: JSON.stringify(body['messages']) }),
      '/tokenize': ({ body }, response) => sendJson(response, { tokens: Array.from(String(body['content']), () => 1) }),
    });
    const prompt = JSON.stringify([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'hello' },
    ]);
    assert.equal(await count(server), prompt.length);
    assert.equal(await count(server), prompt.length);
    assert.deepEqual(server.paths, ['/v1/messages/count_tokens', '/apply-template', '/tokenize', '/apply-template', '/tokenize']);
  });

  it('are counted by vLLM’s tokenizer', async () => {
    await using server = await ChatServer.start({
      '/tokenize': ({ body }, response) =>
        sendJson(response, { count: (body['messages'] as object[]).length, max_model_len: 9, tokens: [] }),
    });
    assert.equal(await count(server), 2);
  });

  it('are not counted where the server refuses what is to be counted', async () => {
    await using server = await ChatServer.start({
      '/apply-template': (_asked, response) => sendJson(response, { error: { message: 'no template' } }, 400),
    });
    await assert.rejects(count(server), (error) => error instanceof Anthropic.BadRequestError && /no template/.test(error.message));
  });

  it('are not guessed', async () => {
    await using server = await ChatServer.start({ '/tokenize': (_asked, response) => sendJson(response, { tokens: [] }) });
    await assert.rejects(
      count(server),
      (error) => error instanceof Anthropic.APIError && error.status === 501 && /cannot count tokens/.test(error.message),
    );
  });
});
