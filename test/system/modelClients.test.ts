/** The official clients of OpenAI and Anthropic, unchanged, against the gateway. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { TestModels } from '../support/models.ts';
import { eventually } from '../support/run.ts';

let models: TestModels;
before(async () => {
  models = await TestModels.start(
    { name: 'one' },
    { name: 'narrow', maxConcurrent: 1, maxQueue: 0 },
    { name: 'broken', arguments: ['--fail-load'] },
  );
});
after(() => models[Symbol.asyncDispose]());

/** How often the server of a model was started. */
const launchesOf = async (name: string): Promise<number> =>
  (await models.warden.journal()).filter(({ event, spec }) => event === 'spawned' && spec === name).length;

describe('OpenAI’s client', () => {
  const client = (): OpenAI => new OpenAI({ baseURL: `${models.gateway.url}/v1`, apiKey: models.gateway.token, maxRetries: 0 });
  const ask = (content: string) => ({ model: 'one', messages: [{ role: 'user' as const, content }] });

  it('lists models', async () => {
    const list = await client().models.list();
    assert.deepEqual(
      list.data.map(({ id }) => id),
      ['one', 'narrow', 'broken'],
    );
    assert.equal((await client().models.retrieve('one')).id, 'one');
  });

  it('gets an answer', async () => {
    const { choices, usage } = await client().chat.completions.create(ask('say 2'));
    assert.equal(choices[0]?.message.content, 'one-0 one-1 ');
    assert.equal(usage?.completion_tokens, 2);
  });

  it('gets a stream', async () => {
    let text = '';
    for await (const chunk of await client().chat.completions.create({ ...ask('say 3 slow 10'), stream: true }))
      text += chunk.choices[0]?.delta.content ?? '';
    assert.equal(text, 'one-0 one-1 one-2 ');
  });

  it('gets a call of a tool, streamed and not', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'stop', parameters: { type: 'object', properties: {} } } }];
    const { choices } = await client().chat.completions.create({ ...ask('tool stop'), tools });
    assert.equal(choices[0]?.finish_reason, 'tool_calls');
    const final = await client()
      .chat.completions.stream({ ...ask('tool stop'), tools })
      .finalChatCompletion();
    const [call] = final.choices[0]?.message.tool_calls ?? [];
    assert.ok(call?.type === 'function');
    assert.deepEqual([call.function.name, call.function.arguments], ['stop', '{"process":"web"}']);
  });

  it('gets embeddings', async () => {
    const { data } = await client().embeddings.create({ model: 'one', input: ['a', 'b'], encoding_format: 'float' });
    assert.deepEqual(
      data.map(({ index }) => index),
      [0, 1],
    );
  });

  it('gets errors as such', async () => {
    await assert.rejects(client().chat.completions.create({ ...ask('say 1'), model: 'none' }), OpenAI.NotFoundError);
    await assert.rejects(client().chat.completions.create(ask('error 422')), OpenAI.UnprocessableEntityError);
    const stranger = new OpenAI({ baseURL: `${models.gateway.url}/v1`, apiKey: 'wrong', maxRetries: 0 });
    await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
  });

  it('gets the fields of an error as OpenAI has them', async () => {
    const error: unknown = await client()
      .chat.completions.create({ ...ask('say 1'), model: 'none' })
      .catch((caught: unknown) => caught);
    assert.ok(error instanceof OpenAI.APIError);
    assert.deepEqual([error.code, error.type, error.param], ['model_not_found', 'invalid_request_error', 'model']);
  });

  it('with its usual retries, has a model that cannot be loaded loaded once', async () => {
    const usual = new OpenAI({ baseURL: `${models.gateway.url}/v1`, apiKey: models.gateway.token });
    const before = await launchesOf('broken');
    await assert.rejects(
      usual.chat.completions.create({ ...ask('say 1'), model: 'broken' }),
      (error) => error instanceof OpenAI.APIError && error.code === 'model_load_failed' && /It ran out of memory/.test(error.message),
    );
    assert.equal(await launchesOf('broken'), before + 1);
  });

  it('is told in its stream when the server dies', async () => {
    const seen: string[] = [];
    await assert.rejects(
      async () => {
        for await (const chunk of await client().chat.completions.create({ ...ask('say 9 slow 20 crash 2'), stream: true }))
          seen.push(chunk.choices[0]?.delta.content ?? '');
      },
      (error) => error instanceof OpenAI.APIError && /exited with code 3 before it had answered/.test(error.message),
    );
    assert.deepEqual(seen, ['one-0 ', 'one-1 ']);
  });

  it('gives up, and so does the server', async () => {
    const stream = await client().chat.completions.create({ ...ask('say 1000 slow 20'), stream: true });
    for await (const _chunk of stream) break;
    await models.until('one', ({ outstanding }) => outstanding === 0);
  });

  it('comes again by itself when too many wait', async () => {
    const statuses: number[] = [];
    const patient = new OpenAI({
      baseURL: `${models.gateway.url}/v1`,
      apiKey: models.gateway.token,
      maxRetries: 5,
      fetch: async (...request) => {
        const response = await fetch(...request);
        statuses.push(response.status);
        return response;
      },
    });
    await models.warden.client.loadModel('narrow');
    const long = models.chat('narrow', 'say 1 hold go');
    await models.until('narrow', ({ outstanding }) => outstanding === 1);
    await assert.rejects(client().chat.completions.create({ ...ask('say 1'), model: 'narrow' }), OpenAI.RateLimitError);
    const answering = patient.chat.completions.create({ ...ask('say 1'), model: 'narrow' });
    await eventually('it was refused', () => statuses[0] === 429);
    models.letGo('go');
    const { choices } = await answering;
    assert.equal(choices[0]?.message.content, 'narrow-0 ');
    assert.equal((await long).status, 200);
  });
});

describe('Anthropic’s client', () => {
  const client = (): Anthropic => new Anthropic({ baseURL: models.gateway.url, apiKey: models.gateway.token, maxRetries: 0 });
  const ask = (content: string) => ({ model: 'one', max_tokens: 100, messages: [{ role: 'user' as const, content }] });

  it('gets an answer', async () => {
    const { content, usage } = await client().messages.create(ask('say 2'));
    assert.deepEqual(content, [{ type: 'text', text: 'one-0 one-1 ' }]);
    assert.equal(usage.output_tokens, 2);
  });

  it('gets a stream', async () => {
    const stream = client().messages.stream(ask('say 3 slow 10'));
    assert.equal(await stream.finalText(), 'one-0 one-1 one-2 ');
    assert.equal((await stream.finalMessage()).usage.output_tokens, 3);
  });

  it('gets errors as such', async () => {
    await assert.rejects(client().messages.create({ ...ask('say 1'), model: 'none' }), Anthropic.NotFoundError);
    const stranger = new Anthropic({ baseURL: models.gateway.url, apiKey: 'wrong', maxRetries: 0 });
    await assert.rejects(stranger.messages.create(ask('say 1')), Anthropic.AuthenticationError);
  });

  it('with its usual retries, has a model that cannot be loaded loaded once', async () => {
    const usual = new Anthropic({ baseURL: models.gateway.url, apiKey: models.gateway.token });
    const before = await launchesOf('broken');
    await assert.rejects(
      usual.messages.create({ ...ask('say 1'), model: 'broken' }),
      (error) => error instanceof Anthropic.APIError && error.type === 'api_error' && /It ran out of memory/.test(error.message),
    );
    assert.equal(await launchesOf('broken'), before + 1);
  });

  it('is told in its stream when the server dies', async () => {
    await assert.rejects(
      client().messages.stream(ask('say 9 slow 20 crash 2')).finalText(),
      (error) => error instanceof Anthropic.APIError && /exited with code 3 before it had answered/.test(error.message),
    );
  });

  it('gives up, and so does the server', async () => {
    const stream = client().messages.stream(ask('say 1000 slow 20'));
    for await (const _event of stream) break;
    await models.until('one', ({ outstanding }) => outstanding === 0);
  });
});
