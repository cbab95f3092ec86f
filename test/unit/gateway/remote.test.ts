/** Models that a server elsewhere answers for, behind the gateway of models that are served here. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import type { Launched, Launcher } from '../../../src/gateway/launcher.ts';
import { Models } from '../../../src/gateway/models.ts';
import { pauseAfter } from '../../../src/gateway/remote/remoteHealth.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';
import type { GatewayInfo, GatewayOptions, ModelRequest, ModelSnapshot } from '../../../src/protocol/models.ts';
import type { RemoteUpstream, Spending } from '../../../src/protocol/remoteModels.ts';
import { RemoteServer } from '../../support/remoteServer.ts';
import { eventually } from '../../support/run.ts';

const key = 'sk-very-secret-0123456789';

function modelOf(name: string, changes: Partial<ModelRequest> = {}): ModelRequest {
  return {
    ...{ name, aliases: [], runtime: 'remote', instances: 1, ttlMillis: 0, preload: false, maxQueue: 10, maxConcurrent: 4 },
    ...{ concurrencyLimit: 0, affinity: false, upstreamName: `upstream-${name}` },
    ...changes,
  };
}

const elsewhere = (url: string, changes: Partial<RemoteUpstream> = {}): { remote: RemoteUpstream } => ({
  remote: { url, api: 'openai', key, timeoutMillis: 60_000, ...changes },
});

/** Servers of this machine that listen at this port; without one, they cannot be started. */
function localLauncher(port: number | undefined): Launcher {
  return {
    launch: ({ name }) => {
      if (port === undefined) return Promise.reject(new Error(`There is no program for '${name}'.`));
      const launched: Launched = { tree: name as TreeId, name, port, ready: Promise.resolve(), ended: new Promise(() => undefined) };
      return Promise.resolve(launched);
    },
    takeOver: () => assert.fail('nothing has come before'),
    end: () => Promise.resolve(),
  };
}

class Served implements AsyncDisposable {
  readonly models: Models;
  readonly gateway: GatewayInfo;
  readonly spent: (Spending & { readonly id: string })[];

  static async start(declared: readonly ModelRequest[], options: Partial<GatewayOptions> = {}, port?: number): Promise<Served> {
    const spent: (Spending & { id: string })[] = [];
    const models = new Models({
      launcher: localLauncher(port),
      descriptors: 1024,
      alert: () => undefined,
      onSpent: (id, one) => void spent.push({ id, ...one }),
    });
    return new Served(models, await models.declare({ models: declared, gateway: { port: 0, ...options } }), spent);
  }

  private constructor(models: Models, gateway: GatewayInfo, spent: Served['spent']) {
    this.models = models;
    this.gateway = gateway;
    this.spent = spent;
  }

  async ask(
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; headers: Headers; text: string }> {
    const response = await fetch(`${this.gateway.url}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${this.gateway.token}`, 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  chat(model: string, fields: object = {}, headers: Record<string, string> = {}): ReturnType<Served['ask']> {
    return this.ask('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'hello' }], ...fields }, headers);
  }

  snapshot(name: string): ModelSnapshot {
    return this.models.snapshots().find((model) => model.name === name) ?? assert.fail(`there is no ${name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.models.close();
  }
}

/** A port at which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a request to a model elsewhere', () => {
  it('is sent there by its name and with its key, and with nothing that is this machine’s own', async () => {
    await using far = await RemoteServer.start();
    await using served = await Served.start([modelOf('gpt', elsewhere(far.url))]);
    assert.equal(served.snapshot('gpt').state, 'cold');
    const { status, text, headers } = await served.chat(
      'gpt',
      {},
      {
        cookie: 'session=1',
        'x-api-key': served.gateway.token,
        'openai-organization': 'org',
        'x-tree-warden-affinity': 'a',
      },
    );
    assert.equal(status, 200, text);
    assert.match(text, /from afar/);
    assert.equal(headers.get('set-cookie'), null);
    const [{ path, headers: sent, body } = assert.fail('it was not asked')] = far.asked;
    assert.equal(path, '/api/v1/chat/completions');
    assert.equal((JSON.parse(body) as { model: string }).model, 'upstream-gpt');
    assert.equal(sent.authorization, `Bearer ${key}`);
    assert.equal(sent['openai-organization'], 'org');
    assert.deepEqual([sent.cookie, sent['x-api-key'], sent['x-tree-warden-affinity']], [undefined, undefined, undefined]);
    assert.equal(sent.host, `127.0.0.1:${far.port}`);
    const { state, remoteHost, statistics, instances } = served.snapshot('gpt');
    assert.deepEqual([state, remoteHost, statistics.inputTokens, statistics.outputTokens], ['ready', `127.0.0.1:${far.port}`, 7, 3]);
    assert.deepEqual([instances[0]?.tree, instances[0]?.port], [undefined, undefined]);
    assert.equal(far.looks, 1);
  });

  it('shows the key as Anthropic’s servers read it where it is declared so', async () => {
    await using far = await RemoteServer.start();
    await using served = await Served.start([modelOf('claude', elsewhere(far.url, { api: 'anthropic' }))]);
    const ask = (headers: Record<string, string> = {}) =>
      served.ask('/v1/messages', { model: 'claude', max_tokens: 1, messages: [] }, headers);
    assert.equal((await ask()).status, 200);
    assert.equal((await ask({ 'anthropic-version': '2024-01-01' })).status, 200);
    assert.deepEqual(
      far.asked.map(({ path, headers }) => [path, headers['x-api-key'], headers.authorization, headers['anthropic-version']]),
      [
        ['/api/v1/messages', key, undefined, '2023-06-01'],
        ['/api/v1/messages', key, undefined, '2024-01-01'],
      ],
    );
  });

  it('is answered with the 429 and the Retry-After of the server, which is counted', async () => {
    await using far = await RemoteServer.start();
    far.answer = (_, response) =>
      response.writeHead(429, { 'retry-after': '7', 'content-type': 'application/json' }).end('{"error":{"message":"slow down"}}');
    await using served = await Served.start([
      modelOf('gpt', { ...elsewhere(far.url), fallback: 'other' }),
      modelOf('other', elsewhere(far.url)),
    ]);
    const { status, headers, text } = await served.chat('gpt');
    assert.deepEqual([status, headers.get('retry-after')], [429, '7']);
    assert.match(text, /slow down/);
    const { statistics, state } = served.snapshot('gpt');
    assert.deepEqual([statistics.requests, statistics.limited, state], [1, 1, 'ready']);
    assert.equal(far.asked.length, 1);
  });

  it('cannot ask for paths of the server’s own, which the key would open, too', async () => {
    await using far = await RemoteServer.start();
    await using served = await Served.start([modelOf('gpt', elsewhere(far.url))]);
    const { status, text } = await served.ask('/upstream/gpt/v1/files', {});
    assert.equal(status, 404);
    assert.match(text, /'gpt' is served by 127\.0\.0\.1:\d+: its own paths cannot be asked here/);
    assert.equal(far.requests.length, 0);
  });

  it('ends with an error where the server breaks off, and says so in the stream', async () => {
    await using far = await RemoteServer.start();
    far.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[]}\n\n', () => response.destroy());
    };
    await using served = await Served.start([modelOf('gpt', elsewhere(far.url))]);
    const { status, text } = await served.chat('gpt', { stream: true });
    assert.equal(status, 200);
    assert.match(text, /data: \{"error":\{"message":"The server broke off its answer/);
    const { requests = [] } = (await served.models.activity({})) ?? {};
    assert.deepEqual(
      requests.map(({ server }) => server),
      [undefined],
      'there is no tree of it, whose end would say why, or whose log could be opened',
    );
  });

  it('waits in the queue for one of the requests that may be under way at once', async () => {
    await using far = await RemoteServer.start();
    const held: (() => void)[] = [];
    far.answer = (_, response) => void held.push(() => response.end('{}'));
    await using served = await Served.start([modelOf('gpt', { ...elsewhere(far.url), maxConcurrent: 1, maxQueue: 1 })]);
    const first = served.chat('gpt');
    await eventually('the first is there', () => Promise.resolve(held.length === 1));
    const second = served.chat('gpt');
    await eventually('the second waits', () => Promise.resolve(served.snapshot('gpt').queued === 1));
    const { status, headers } = await served.chat('gpt');
    assert.equal(status, 429);
    assert.ok(headers.has('retry-after'));
    held[0]?.();
    assert.equal((await first).status, 200);
    await eventually('the second is there', () => Promise.resolve(held.length === 2));
    held[1]?.();
    assert.equal((await second).status, 200);
  });
});

describe('a server elsewhere', () => {
  it('that refuses the key is a model that cannot be loaded; the key is not in the message', async () => {
    await using far = await RemoteServer.start();
    far.lookStatus = 401;
    await using served = await Served.start([modelOf('gpt', elsewhere(far.url))]);
    const { status, text } = await served.chat('gpt');
    assert.equal(status, 424);
    assert.match(text, /127\.0\.0\.1:\d+ refuses the key \(401\)/);
    const { state, reason } = served.snapshot('gpt');
    assert.equal(state, 'failed');
    assert.match(reason, /refuses the key/);
    assert.ok(!`${text}${JSON.stringify(served.models.snapshots())}`.includes(key));
    assert.equal(far.asked.length, 0);
  });

  for (const status of [400, 403, 404, 405, 429])
    it(`that answers ${status} where its models are listed is asked all the same`, async () => {
      await using far = await RemoteServer.start();
      far.lookStatus = status;
      await using served = await Served.start([modelOf('gpt', elsewhere(far.url))]);
      assert.equal((await served.chat('gpt')).status, 200);
      assert.equal(served.snapshot('gpt').state, 'ready');
    });

  it('stays ready where it forbids one request', async () => {
    await using far = await RemoteServer.start();
    far.answer = (_, response) => response.writeHead(403).end('{"error":{"message":"not this one"}}');
    await using served = await Served.start([modelOf('gpt', elsewhere(far.url))]);
    assert.equal((await served.chat('gpt')).status, 403);
    assert.equal(served.snapshot('gpt').state, 'ready');
  });

  it('that says why in a long page is quoted in short', async () => {
    await using far = await RemoteServer.start();
    far.lookStatus = 500;
    far.padding = 'x'.repeat(100_000);
    await using served = await Served.start([modelOf('gpt', elsewhere(far.url))]);
    const { status, text } = await served.chat('gpt');
    assert.equal(status, 424);
    assert.match(text, /cannot answer \(500\): /);
    assert.ok(text.length < 600, text);
  });

  it('is not looked at again before a pause has passed, however often it is asked', async () => {
    await using far = await RemoteServer.start();
    far.lookStatus = 503;
    await using served = await Served.start([modelOf('gpt', elsewhere(far.url))]);
    const began = performance.now();
    await served.chat('gpt');
    await served.chat('gpt');
    // On a machine that has had no time meanwhile, the pause is over.
    if (performance.now() - began < pauseAfter(0)) assert.equal(far.looks, 1);
  });

  it('that does not answer any more has failed, and is ready again when it answers', async () => {
    const near = await RemoteServer.start();
    const { port } = near;
    await using served = await Served.start([modelOf('gpt', elsewhere(near.url))]);
    assert.equal((await served.chat('gpt')).status, 200);
    await near[Symbol.asyncDispose]();
    const { status, text } = await served.chat('gpt');
    assert.equal(status, 502);
    assert.match(text, /127\.0\.0\.1:\d+ did not answer: ./);
    assert.equal(served.snapshot('gpt').state, 'failed');
    assert.match(served.snapshot('gpt').reason, /did not answer/);
    await using _ = await RemoteServer.start({ port });
    await eventually('it is ready', () => Promise.resolve(served.snapshot('gpt').state === 'ready'));
  });

  it('is not blamed where the client goes before the answer has ended', async () => {
    await using far = await RemoteServer.start();
    far.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[]}\n\n');
    };
    await using served = await Served.start([
      modelOf('gpt', { ...elsewhere(far.url), budget: { id: 'a'.repeat(32), requests: 5, per: 'day' } }),
    ]);
    const leaving = new AbortController();
    const response = await fetch(`${served.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${served.gateway.token}` },
      body: JSON.stringify({ model: 'gpt', stream: true, messages: [] }),
      signal: leaving.signal,
    });
    assert.equal(response.status, 200);
    leaving.abort();
    await eventually('it is charged for', () => Promise.resolve(served.spent.length === 1));
    assert.deepEqual([served.snapshot('gpt').state, served.snapshot('gpt').outstanding], ['ready', 0]);
    assert.equal(far.looks, 1);
  });

  it('has no servers here that could be more', async () => {
    await using served = await Served.start([modelOf('gpt', elsewhere('https://api.example.com'))]);
    await assert.rejects(served.models.load('gpt', 2), /'gpt' is served elsewhere: there are no servers of it here/);
  });

  it('without the key that is declared is not asked', async () => {
    await using far = await RemoteServer.start();
    const { key: _, ...remote } = elsewhere(far.url).remote;
    await using served = await Served.start([modelOf('gpt', { remote: { ...remote, problem: 'The secret is not set.' } })]);
    const { status, text } = await served.chat('gpt');
    assert.equal(status, 424);
    assert.match(text, /The secret is not set/);
    assert.equal(far.requests.length, 0);
  });

  it('is asked with another key as soon as that is declared', async () => {
    await using far = await RemoteServer.start();
    await using served = await Served.start([modelOf('gpt', elsewhere(far.url))]);
    await served.chat('gpt');
    await served.models.declare({ models: [modelOf('gpt', elsewhere(far.url, { key: 'another-key' }))], gateway: { port: 0 } });
    assert.equal((await served.chat('gpt')).status, 200);
    assert.deepEqual(
      far.asked.map(({ headers }) => headers.authorization),
      [`Bearer ${key}`, 'Bearer another-key'],
    );
  });
});

describe('a model that cannot be served as it is declared', () => {
  it('says why from its declaration on, and is served when it can be', async () => {
    await using far = await RemoteServer.start();
    const problem = 'There is no model file coder.gguf.';
    await using served = await Served.start([modelOf('coder', { problem })], { memory: { memoryBytes: 1 } });
    assert.deepEqual([served.snapshot('coder').state, served.snapshot('coder').reason], ['failed', problem]);
    const { status, text } = await served.chat('coder');
    assert.equal(status, 424);
    assert.ok(text.includes(problem), text);
    await served.models.declare({ models: [modelOf('coder', elsewhere(far.url))], gateway: { port: 0 } });
    assert.deepEqual([served.snapshot('coder').state, served.snapshot('coder').reason], ['cold', '']);
    assert.equal((await served.chat('coder')).status, 200);
  });
});

describe('a fallback', () => {
  const causes: [string, (url: string, free: number) => Partial<ModelRequest>][] = [
    ['that cannot be started here', () => ({ runtime: 'custom' })],
    ['whose server elsewhere does not answer', (_url, free) => elsewhere(`http://127.0.0.1:${free}/v1`)],
    ['that cannot be served as it is declared', () => ({ problem: 'There is no model file coder.gguf.' })],
    ['whose key is not known', (url) => elsewhere(url, { problem: 'It is not set.' })],
    ['whose budget is spent', (url) => ({ ...elsewhere(url), budget: { id: '0'.repeat(32), tokens: 0, per: 'day' } })],
  ];
  for (const [what, changes] of causes)
    it(`answers for a model ${what}, and is named`, async () => {
      await using far = await RemoteServer.start();
      const first = modelOf('first', { ...changes(far.url, await freePort()), fallback: 'second' });
      await using served = await Served.start([first, modelOf('second', elsewhere(far.url))]);
      const { status, headers, text } = await served.chat('first');
      assert.equal(status, 200, text);
      assert.equal(headers.get('x-tree-warden-model'), 'second');
      assert.equal((JSON.parse(far.asked[0]?.body ?? '') as { model: string }).model, 'upstream-second');
      const { requests = [] } = (await served.models.activity({})) ?? {};
      assert.deepEqual(
        requests.map(({ model, fallback, status: result, state }) => [model, fallback, result, state]),
        [['first', 'second', 200, 'ended']],
      );
    });

  it('is named in a header whatever letters its name has', async () => {
    await using far = await RemoteServer.start();
    const first = modelOf('first', { runtime: 'custom', fallback: 'org/模型:1' });
    await using served = await Served.start([first, modelOf('org/模型:1', elsewhere(far.url))]);
    const { status, headers, text } = await served.chat('first');
    assert.equal(status, 200, text);
    assert.equal(headers.get('x-tree-warden-model'), 'org/%E6%A8%A1%E5%9E%8B:1');
  });

  it('answers where the queue of a model is full', async () => {
    await using far = await RemoteServer.start();
    const held: (() => void)[] = [];
    far.answer = (_, response) => void held.push(() => response.end('{}'));
    await using other = await RemoteServer.start();
    const first = modelOf('first', { ...elsewhere(far.url), maxConcurrent: 1, maxQueue: 0, fallback: 'second' });
    await using served = await Served.start([first, modelOf('second', elsewhere(other.url))]);
    // Without room for those that wait, a model that is loaded first is loaded without a request.
    await served.models.load('first');
    const answering = served.chat('first');
    await eventually('it is there', () => Promise.resolve(held.length === 1));
    const { status, headers } = await served.chat('first');
    assert.deepEqual([status, headers.get('x-tree-warden-model')], [200, 'second']);
    held[0]?.();
    assert.equal((await answering).headers.get('x-tree-warden-model'), null);
  });

  it('answers a client that was kept alive meanwhile, in the stream that has begun', async () => {
    await using far = await RemoteServer.start();
    far.answer = (_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: from afar\n\n');
    await using silent = await RemoteServer.start();
    const held: (() => void)[] = [];
    silent.answer = (_, response) => void held.push(() => response.destroy());
    await using served = await Served.start([
      modelOf('first', { ...elsewhere(silent.url), fallback: 'second' }),
      modelOf('second', elsewhere(far.url)),
    ]);
    const response = await fetch(`${served.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${served.gateway.token}`, 'x-tree-warden-keep-alive': '500ms' },
      body: JSON.stringify({ model: 'first', stream: true, messages: [] }),
    });
    // It has begun with a comment.
    assert.equal(response.status, 200);
    await eventually('the first is asked', () => Promise.resolve(held.length === 1));
    held[0]?.();
    assert.match(await response.text(), /^(?:: \w+\n\n)+(?:: replaced by second, which is \w+\n\n)+data: from afar\n\n$/);
  });

  it('is not asked where the model has answered, whatever it said', async () => {
    await using far = await RemoteServer.start();
    far.answer = (_, response) => response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"no"}');
    await using other = await RemoteServer.start();
    await using served = await Served.start([
      modelOf('first', { ...elsewhere(far.url), fallback: 'second' }),
      modelOf('second', elsewhere(other.url)),
    ]);
    assert.equal((await served.chat('first')).status, 500);
    assert.equal(other.requests.length, 0);
  });

  it('that cannot answer either is tried once, and its error is the answer', async () => {
    await using served = await Served.start([modelOf('first', { fallback: 'second' }), modelOf('second', { fallback: 'first' })]);
    const { status, text } = await served.chat('first');
    assert.equal(status, 424);
    assert.match(text, /no program for 'second'/);
  });
});

describe('a budget', () => {
  const budget = { id: 'b'.repeat(32), per: 'month' } as const;

  it('of requests is held, and begins again when the month is over', async () => {
    await using far = await RemoteServer.start();
    await using served = await Served.start([modelOf('gpt', { ...elsewhere(far.url), budget: { ...budget, requests: 2 } })]);
    assert.deepEqual([(await served.chat('gpt')).status, (await served.chat('gpt')).status], [200, 200]);
    const { status, headers, text } = await served.chat('gpt');
    assert.equal(status, 429);
    assert.match(text, /The budget of 'gpt' is spent: 2 requests a month\. It begins again at \d{4}-\d\d-01 00:00 UTC/);
    assert.match(text, /budget_spent/);
    assert.ok(Number(headers.get('retry-after')) > 0);
    assert.equal(headers.get('x-should-retry'), 'false');
    assert.equal(far.asked.length, 2);
    assert.deepEqual(
      served.spent.map(({ id, requests, tokens }) => [id, requests, tokens]),
      [
        [budget.id, 1, 10],
        [budget.id, 1, 10],
      ],
    );
    const { usedRequests, usedTokens } = served.snapshot('gpt').budget ?? {};
    assert.deepEqual([usedRequests, usedTokens], [2, 20]);
  });

  it('speaks the client’s language where it is spent', async () => {
    await using far = await RemoteServer.start();
    await using served = await Served.start([modelOf('gpt', { ...elsewhere(far.url), budget: { ...budget, tokens: 0 } })]);
    const { status, text } = await served.ask('/v1/messages', { model: 'gpt', max_tokens: 1, messages: [] });
    assert.equal(status, 429);
    assert.equal((JSON.parse(text) as { error: { type: string } }).error.type, 'rate_limit_error');
  });

  it('of tokens has streams say what they cost, and takes the request alone where they do not', async () => {
    await using far = await RemoteServer.start();
    far.answer = (_, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {"choices":[]}\n\ndata: [DONE]\n\n');
    await using served = await Served.start([modelOf('gpt', { ...elsewhere(far.url), budget: { ...budget, tokens: 1000 } })]);
    assert.equal((await served.chat('gpt', { stream: true })).status, 200);
    const [{ body } = assert.fail('it was not asked')] = far.asked;
    assert.deepEqual((JSON.parse(body) as { stream_options: object }).stream_options, { include_usage: true });
    assert.equal(served.spent[0]?.tokens, Math.ceil(body.length / 4));
  });

  it('of tokens is not taken by a request that only counts them', async () => {
    await using far = await RemoteServer.start();
    far.answer = (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"input_tokens":5}');
    await using served = await Served.start([
      modelOf('claude', { ...elsewhere(far.url, { api: 'anthropic' }), budget: { ...budget, tokens: 1000 } }),
    ]);
    const { text } = await served.ask('/v1/messages/count_tokens', { model: 'claude', messages: [] });
    assert.equal(text, '{"input_tokens":5}');
    assert.deepEqual(
      served.spent.map(({ requests, tokens }) => [requests, tokens]),
      [[1, 0]],
    );
  });

  it('goes on where it was, counts what others have spent, and is not taken by what was not answered', async () => {
    const port = await freePort();
    const declared = [modelOf('gpt', { ...elsewhere(`http://127.0.0.1:${port}/v1`), budget: { ...budget, requests: 3 } })];
    await using served = await Served.start([]);
    const period = new Date().toISOString().slice(0, 7);
    await served.models.declare({ models: declared, gateway: { port: 0 }, spent: { [budget.id]: { period, requests: 1, tokens: 5 } } });
    served.models.spentElsewhere(budget.id, { period, requests: 1, tokens: 5 });
    assert.equal((await served.chat('gpt')).status, 424);
    assert.deepEqual([served.snapshot('gpt').budget?.usedRequests, served.snapshot('gpt').budget?.usedTokens], [2, 10]);
    assert.deepEqual(served.spent, []);
  });
});

describe('a key of a client', () => {
  const ci = { name: 'ci', key: 'a-key-for-the-ci-only', models: ['gpt', 'hidden-fallback'] };

  it('opens the models that it is for, and no others are there', async () => {
    await using far = await RemoteServer.start();
    const declared = [
      modelOf('gpt', { ...elsewhere(far.url), aliases: ['gpt-4o'], variants: [{ name: 'gpt:high' }] }),
      modelOf('secret', { ...elsewhere(far.url), aliases: ['other'] }),
    ];
    await using served = await Served.start(declared, { keys: [ci] });
    const authorization = `Bearer ${ci.key}`;
    const { text } = await served.ask('/v1/models', undefined, { authorization });
    assert.deepEqual(
      (JSON.parse(text) as { data: { id: string }[] }).data.map(({ id }) => id),
      ['gpt', 'gpt:high'],
    );
    const statuses = async (headers: Record<string, string>): Promise<number[]> => {
      const all: number[] = [];
      for (const model of ['gpt', 'gpt-4o', 'gpt:high', 'secret', 'other', 'none'])
        all.push((await served.chat(model, {}, headers)).status);
      return all;
    };
    assert.deepEqual(await statuses({ authorization }), [200, 200, 200, 404, 404, 404]);
    assert.deepEqual(await statuses({}), [200, 200, 200, 200, 200, 404]);
    assert.ok(!(await served.chat('secret', {}, { authorization })).text.includes('There are: gpt, gpt:high, secret'));
    assert.equal((await served.ask('/v1/models/secret', undefined, { authorization })).status, 404);
    const { requests = [] } = (await served.models.activity({})) ?? {};
    assert.deepEqual([...new Set(requests.map(({ client }) => client))], ['ci', 'node']);
    assert.ok(!far.requests.some(({ headers }) => JSON.stringify(headers).includes(ci.key)));
  });

  it('tells of no other model why one cannot be loaded', async () => {
    await using far = await RemoteServer.start();
    const sized = { runtime: 'custom', memory: { memoryBytes: 2 } };
    const options = { keys: [ci], memory: { memoryBytes: 3 } };
    const declared = [modelOf('gpt', sized), modelOf('secret', { ...sized, isPinned: true })];
    await using served = await Served.start(declared, options, far.port);
    await served.models.load('secret');
    const { status, text } = await served.chat('gpt', {}, { authorization: `Bearer ${ci.key}` });
    assert.equal(status, 424, text);
    assert.match(text, /pinned by another model\. /);
    const listed = await served.ask('/v1/models', undefined, { authorization: `Bearer ${ci.key}` });
    assert.match(listed.text, /pinned by another model\. /);
    assert.ok(!`${text}${listed.text}`.includes('secret'));
    assert.match((await served.chat('gpt')).text, /pinned by 'secret'\. /);
  });

  it('does not open a fallback that it is not for', async () => {
    await using far = await RemoteServer.start();
    await using served = await Served.start([modelOf('gpt', { fallback: 'secret' }), modelOf('secret', elsewhere(far.url))], {
      keys: [ci],
    });
    assert.equal((await served.chat('gpt', {}, { authorization: `Bearer ${ci.key}` })).status, 424);
    assert.equal((await served.chat('gpt')).status, 200);
  });

  it('counts no more when it is not declared any more', async () => {
    await using served = await Served.start([], { keys: [ci] });
    const status = async (): Promise<number> => (await served.ask('/v1/models', undefined, { authorization: `Bearer ${ci.key}` })).status;
    assert.equal(await status(), 200);
    await served.models.declare({ models: [], gateway: { port: 0, keys: [] } });
    assert.equal(await status(), 401);
  });

  const refused: [string, GatewayOptions['keys'], RegExp][] = [
    ['too short', [{ ...ci, key: 'short' }], /The key 'ci' of the gateway has 5 characters, and needs at least 16/],
    ['the gateway’s own', [{ ...ci, key: 'the-token-of-the-gateway' }], /'ci' of the gateway is the gateway’s own/],
    ['another one’s, too', [ci, { ...ci, name: 'web' }], /is another one’s, too/],
  ];
  for (const [what, keys, message] of refused)
    it(`is refused where it is ${what}, without its value`, async () => {
      const error = await Served.start([], { token: 'the-token-of-the-gateway', ...(keys && { keys }) }).then(
        async (served) => {
          await served[Symbol.asyncDispose]();
          return undefined;
        },
        (caught: Error) => caught,
      );
      assert.match(error?.message ?? '', message);
      for (const one of keys ?? []) assert.ok(!error?.message.includes(`${one.key}.`) || one.key === 'short');
    });
});
