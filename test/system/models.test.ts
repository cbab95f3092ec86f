/** Models behind one address: loaded on demand, pooled, swapped, unloaded, and what happens when their servers fail. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { modelStateText } from '../../src/protocol/modelText.ts';
import { fakeModel, TestModels } from '../support/models.ts';
import { eventually, Run } from '../support/run.ts';
import { isAlive, survivorsAfterLooking } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

/** Of statfs(2): what is written to it is in memory only. */
const tmpfsType = 0x01021994;

const dataOf = (text: string): string[] => [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => data);
const saidBy = (text: string): string =>
  dataOf(text)
    .filter((data) => data.startsWith('{'))
    .map((data) => (JSON.parse(data) as { choices?: { delta?: { content?: string } }[] }).choices?.[0]?.delta?.content ?? '')
    .join('');

/** Asks for signs of life, and lets go of `held` when as many have come as `signs` wants. */
async function askPatiently(models: TestModels, orders: string, signs: RegExp, held: string): Promise<string> {
  const body = { model: 'one', stream: true, messages: [{ role: 'user', content: orders }] };
  const response = await models.ask('/v1/chat/completions', body, { 'x-tree-warden-keep-alive': '500ms' });
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (signs.test(text)) models.letGo(held);
  }
  return text;
}

describe('a request', () => {
  it('loads its model, and is answered when that is ready', async () => {
    await using models = await TestModels.start({ name: 'one', aliases: ['uno'], arguments: ['--load', '300', '--hold', 'loaded'] });
    assert.equal((await models.model('one')).state, 'cold');
    const answering = models.chat('uno', 'say 3');
    await models.until('one', ({ state, progress }) => state === 'loading' && (progress ?? 0) === 75);
    models.letGo('loaded');
    const { status, text } = await answering;
    assert.equal(status, 200, text);
    assert.equal((JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]?.message.content, 'one-0 one-1 one-2 ');
    const { state, statistics, instances } = await models.model('one');
    assert.equal(state, 'ready');
    assert.deepEqual([statistics.requests, statistics.inputTokens, statistics.outputTokens], [1, 7, 3]);
    assert.ok((statistics.queueMillis ?? 0) >= 250, JSON.stringify(statistics));
    assert.deepEqual(
      instances.map(({ name }) => name),
      ['one'],
    );
  });

  const onDisk = statfsSync(tmpdir()).type !== tmpfsType;
  it('is told that its model is being downloaded, while that is written', {
    skip: !onDisk && 'nothing is written to storage here',
  }, async () => {
    await using models = await TestModels.start({ name: 'one', arguments: ['--download', '--hold', 'loaded'] });
    const answering = models.chat('one', 'say 3');
    const loading = await models.until('one', ({ downloadedBytes, progress }) => downloadedBytes !== undefined && progress === 75);
    assert.match(modelStateText(loading), /^downloading [\d.]+ MB \(75 %\)$/);
    models.letGo('loaded');
    assert.equal((await answering).status, 200);
    const { state, downloadedBytes } = await models.model('one');
    assert.deepEqual([state, downloadedBytes], ['ready', undefined]);
  });

  it('is streamed as it comes, and its tokens are counted', async () => {
    await using models = await TestModels.start({ name: 'one' });
    const response = await models.ask('/v1/chat/completions', {
      model: 'one',
      stream: true,
      // It has no end before its beginning has come.
      messages: [{ role: 'user', content: 'say 5 slow 100 until come' }],
    });
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    let text = '';
    let begunAt = Number.POSITIVE_INFINITY;
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString();
      if (saidBy(text.slice(0, text.lastIndexOf('\n\n'))).includes('one-0')) begunAt = Math.min(begunAt, performance.now());
      // However late the gateway came to read it, its end is so long behind its beginning there, too.
      if (performance.now() - begunAt >= 400) models.letGo('come');
    }
    assert.match(saidBy(text), /^one-0 one-1 one-2 one-3 one-4 /);
    assert.equal(dataOf(text).at(-1), '[DONE]');
    const { statistics } = await models.model('one');
    assert.equal(statistics.outputTokens, 5);
    assert.ok(statistics.tokensPerSecond !== undefined && statistics.tokensPerSecond < 15, JSON.stringify(statistics));
  });

  const ways: [string, string, object][] = [
    ['embeddings', '/v1/embeddings', { model: 'one', input: ['a', 'b'] }],
    ['Anthropic’s messages', '/v1/messages', { model: 'one', max_tokens: 9, messages: [{ role: 'user', content: 'say 2' }] }],
    ['completions', '/v1/completions', { model: 'one', prompt: 'say 2' }],
    ['responses', '/v1/responses', { model: 'one', input: 'say 2' }],
    ['reranking', '/v1/rerank', { model: 'one', query: 'x', documents: ['y'] }],
    ['speech', '/v1/audio/speech', { model: 'one', input: 'hello' }],
  ];
  it('may be any that OpenAI and Anthropic know', async () => {
    await using models = await TestModels.start({ name: 'one' });
    for (const [what, path, body] of ways) {
      const response = await models.ask(path, body);
      assert.equal(response.status, 200, `${what}: ${await response.text()}`);
    }
    const form = new FormData();
    form.set('file', new Blob(['x'.repeat(1000)]), 'speech.wav');
    form.set('model', 'one');
    const heard = await fetch(`${models.gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { 'x-api-key': models.gateway.token },
      body: form,
    });
    assert.match(await heard.text(), /one heard \d{4} bytes/);
  });

  it('to a server’s own path reaches it as it is', async () => {
    await using models = await TestModels.start({ name: 'one' });
    const response = await models.ask('/upstream/one/whoami?a=b&c', undefined, { 'x-mine': 'yes' });
    const { name, url, headers } = (await response.json()) as { name: string; url: string; headers: Record<string, string> };
    assert.deepEqual([name, url, headers['x-mine'], headers['authorization']], ['one', '/whoami?a=b&c', 'yes', undefined]);
    // Servers that read no chunks want to know how long it is.
    const posted = (await (await models.ask('/upstream/one/whoami', { some: 'thing' })).json()) as { headers: Record<string, string> };
    assert.deepEqual([posted.headers['content-length'], posted.headers['transfer-encoding']], ['16', undefined]);
  });

  it('may come from a page of a server on this machine, or of the editor, and from no other', async () => {
    await using models = await TestModels.start({ name: 'one' });
    const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };
    const preflight = (origin: string): Promise<Response> =>
      fetch(`${models.gateway.url}/v1/chat/completions`, { method: 'OPTIONS', headers: { origin, ...asked } });
    for (const origin of ['http://localhost:3000', 'http://127.0.0.1:5173', 'vscode-webview://1f2e']) {
      const { status, headers } = await preflight(origin);
      assert.deepEqual([status, headers.get('access-control-allow-origin')], [204, origin]);
      assert.deepEqual(
        [headers.get('access-control-allow-methods'), headers.get('access-control-allow-headers')],
        ['POST', 'authorization'],
      );
    }
    for (const origin of ['https://example.org', 'http://localhost.example.org', 'null']) {
      const { status, headers } = await preflight(origin);
      assert.deepEqual([status, headers.get('access-control-allow-origin')], [401, null], origin);
    }
    const answer = await models.ask('/v1/models', undefined, { origin: 'http://localhost:3000' });
    assert.equal(answer.headers.get('access-control-allow-origin'), 'http://localhost:3000');
    const refused = await models.ask('/v1/models', undefined, { origin: 'http://localhost:3000', authorization: 'Bearer wrong' });
    assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [401, 'http://localhost:3000']);
  });

  it('is admitted from pages of origins that are named, to the letter', async () => {
    await using models = await TestModels.start();
    const allowedOf = async (origin: string): Promise<string | null> => {
      const asked = { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } };
      const { headers } = await fetch(`${models.gateway.url}/v1/chat/completions`, asked);
      return headers.get('access-control-allow-origin');
    };
    const origins = ['app://obsidian.md', 'https://chat.example:8443'];
    const others = [
      'app://obsidian.md.evil',
      'app://obsidian',
      'https://chat.example',
      'http://chat.example:8443',
      'https://xchat.example:8443',
      'null',
    ];
    assert.deepEqual(await Promise.all(origins.map(allowedOf)), [null, null]);
    await models.warden.client.declareModels([], { port: 0, allowedOrigins: origins });
    assert.deepEqual(await Promise.all([...origins, 'http://localhost:1'].map(allowedOf)), [...origins, 'http://localhost:1']);
    assert.deepEqual(
      await Promise.all(others.map(allowedOf)),
      others.map(() => null),
    );
    for (const origin of ['*', 'null', '', 'chat.example', 'https://chat.example/path', 'https://*.example'])
      await assert.rejects(
        models.warden.client.declareModels([], { port: 0, allowedOrigins: [origin] }),
        /would let any page ask|is not an origin/,
      );
  });

  it('calls the model by the name that its server knows', async () => {
    await using models = await TestModels.start({ name: 'one', upstreamName: 'registry/one:latest' });
    assert.equal((JSON.parse((await models.chat('one', 'say 1')).text) as { model: string }).model, 'registry/one:latest');
    const form = new FormData();
    form.set('file', new Blob(['x'.repeat(1000)]), 'speech.wav');
    form.set('model', 'one');
    const authorization = `Bearer ${models.gateway.token}`;
    const heard = await fetch(`${models.gateway.url}/v1/audio/transcriptions`, { method: 'POST', headers: { authorization }, body: form });
    assert.equal(((await heard.json()) as { model: string }).model, 'registry/one:latest');
  });

  it('finds its way however a client puts its path together, and a model with a slash in its name', async () => {
    await using models = await TestModels.start({ name: 'one', aliases: ['org/one'] });
    const body = { model: 'org/one', messages: [{ role: 'user', content: 'say 1' }] };
    for (const path of ['/chat/completions', '//v1//chat/completions', '/v1/chat/completions/', '/v1/v1/chat/completions'])
      assert.equal((await models.ask(path, body)).status, 200, path);
    assert.match(readFileSync(models.log, 'utf8'), /^(one \/v1\/chat\/completions one\n){4}$/);
    assert.match(await (await models.ask('/upstream/org/one/whoami?x=1')).text(), /"url":"\/whoami\?x=1"/);
    const headers = { authorization: `Bearer ${models.gateway.token}` };
    for (const path of ['/health', '/v1/models', '/v1/models/org/one', '/upstream/one/whoami']) {
      const response = await fetch(`${models.gateway.url}${path}`, { method: 'HEAD', headers });
      assert.deepEqual([response.status, await response.text()], [200, ''], path);
      // What a server itself says of its length is its own affair.
      if (!path.startsWith('/upstream/')) assert.ok(Number(response.headers.get('content-length')) > 10, path);
    }
  });

  it('that is nested too deep is refused in the words of its client', async () => {
    await using models = await TestModels.start({ name: 'one', aliases: ['uno'] });
    const deep = Buffer.from(`{"model":"uno","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
    const openai = await models.ask('/v1/chat/completions', deep);
    assert.deepEqual([openai.status, ((await openai.json()) as { error: { type: string } }).error.type], [400, 'invalid_request_error']);
    const anthropic = await models.ask('/v1/messages', deep);
    assert.deepEqual([anthropic.status, ((await anthropic.json()) as { type: string }).type], [400, 'error']);
  });

  it('that its client gives up is given up by the server, too', async () => {
    await using models = await TestModels.start({ name: 'one' });
    const leaving = new AbortController();
    const body = { model: 'one', stream: true, messages: [{ role: 'user', content: 'say 1000 slow 20' }] };
    const response = await models.ask('/v1/chat/completions', body, {}, leaving.signal);
    await response.body?.getReader().read();
    leaving.abort();
    await eventually('the server has seen it', () => existsSync(models.log) && readFileSync(models.log, 'utf8').includes('aborted'));
    await models.until('one', ({ outstanding }) => outstanding === 0);
  });

  it('gets signs of life while its model is loaded, where it wants them', async () => {
    await using models = await TestModels.start({ name: 'one', arguments: ['--hold', 'loaded'] });
    const text = await askPatiently(models, 'say 2', /^: loading( \d+ %)?\n\n/, 'loaded');
    assert.match(text, /^: loading( \d+ %)?\n\n/);
    assert.equal(saidBy(text), 'one-0 one-1 ');
  });
});

describe('tree-warden gateway', () => {
  it('says that its port is taken, and serves at no other', async () => {
    await using run = new Run();
    mkdirSync(join(run.workFolder, '.vscode'));
    const one = { runtime: 'custom', command: ['false', '${port}'] };
    writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ models: { one } }));
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const { code, stdout, stderr } = run.call(['gateway', '--port', String(port)]);
    taken.close();
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      new RegExp(`The gateway cannot listen at port ${port} of 127\\.0\\.0\\.1: address already in use \\(EADDRINUSE\\)\\.`),
    );
  });
});

describe('a stream whose first token takes its time', () => {
  it('gets signs of life until then, though its model is ready', async () => {
    await using models = await TestModels.start({ name: 'one' });
    await models.warden.client.loadModel('one');
    const text = await askPatiently(models, 'say 2 hold go', /^(: ready\n\n){3,}$/, 'go');
    assert.match(text, /^(: ready\n\n){3,}data: /);
    assert.equal(saidBy(text), 'one-0 one-1 ');
    assert.equal(dataOf(text).at(-1), '[DONE]');
  });

  it('is told as an event what is wrong, or what is no stream', async () => {
    await using models = await TestModels.start({ name: 'one', arguments: ['--hold', 'loaded'] });
    const sign = /^: \w+.*\n\n/;
    assert.match(await askPatiently(models, 'error 500', sign, 'loaded'), /\n\ndata: \{"error":\{"message":"as told: 500"/);
    await models.warden.client.unloadModel('one');
    models.hold('loaded');
    assert.match(await askPatiently(models, 'bytes 100', sign, 'loaded'), /\n\ndata: x{100}\n\n$/);
  });
});

describe('a request that cannot be answered', () => {
  const refused: [string, string, unknown, Record<string, string>, number, RegExp][] = [
    ['without the token', '/v1/models', undefined, { authorization: 'Bearer wrong' }, 401, /The API key is missing or wrong/],
    ['for a model that is not there', '/v1/chat/completions', { model: 'two' }, {}, 404, /There is no model 'two'. There are: one\./],
    ['for no model', '/v1/chat/completions', { messages: [] }, {}, 400, /The request names no model/],
    ['that is not JSON', '/v1/chat/completions', Buffer.from('{'), {}, 400, /The request is not valid JSON/],
    ['to no path of ours', '/v2/chat', { model: 'one' }, {}, 404, /There is nothing at POST \/v2\/chat/],
  ];
  it('is told why, in the words of the client’s maker', async () => {
    await using models = await TestModels.start({ name: 'one' });
    for (const [what, path, body, headers, status, message] of refused) {
      const response = await models.ask(path, body as object, headers);
      const text = await response.text();
      assert.equal(response.status, status, what);
      assert.match((JSON.parse(text) as { error: { message: string } }).error.message, message);
    }
    const anthropic = await models.ask('/v1/messages', { model: 'two' });
    assert.deepEqual(Object.keys((await anthropic.json()) as object), ['type', 'error']);
    assert.equal((await models.model('one')).state, 'cold');
  });

  it('passes on what the server says', async () => {
    await using models = await TestModels.start({ name: 'one' });
    const { status, text } = await models.chat('one', 'error 422');
    assert.deepEqual([status, JSON.parse(text)], [422, { error: { message: 'as told: 422', type: 'told', code: 422 } }]);
  });

  it('because its server cannot load says what that printed, and that it was memory', async () => {
    await using models = await TestModels.start({ name: 'one', arguments: ['--fail-load'] });
    const [first, second] = await Promise.all([models.chat('one', 'say 1'), models.chat('one', 'say 1')]);
    for (const { status, text } of [first, second]) {
      assert.equal(status, 424);
      assert.match(
        text,
        /'one' could not be loaded: its server exited with code 1 before it was ready\. It ran out of memory\. Last output:/,
      );
      assert.match(text, /cudaMalloc failed: out of memory/);
    }
    const { state, reason } = await models.model('one');
    assert.equal(state, 'failed');
    assert.match(reason, /It ran out of memory/);
  });

  it('because its server does not load what it is asked to says why, and leaves no server', async () => {
    const loadRequest = (prompt: string) => ({ path: '/load', body: { stream: true, prompt }, whenMissing: 'Fetch it first.' });
    await using models = await TestModels.start(
      { name: 'refused', loadRequest: loadRequest('error 500') },
      { name: 'missing', loadRequest: loadRequest('error 404') },
      { name: 'fatal', loadRequest: loadRequest('crash 0') },
      { name: 'slow', loadRequest: loadRequest('say 1 hold go') },
    );
    const message = async (name: string): Promise<string> =>
      (JSON.parse((await models.chat(name, 'say 1')).text) as { error: { message: string } }).error.message;
    assert.equal(await message('refused'), "'refused' could not be loaded: its server answered 500: as told: 500");
    assert.equal(await message('missing'), "'missing' could not be loaded: its server answered 404: as told: 404. Fetch it first.");
    assert.match(await message('fatal'), /^'fatal' could not be loaded: its server exited with code 3\. Last output:\n/);
    const slow = models.chat('slow', 'say 1');
    await eventually('it has been asked', () => readFileSync(models.log, 'utf8').includes('slow /load'));
    assert.equal((await models.model('slow')).state, 'loading');
    models.letGo('go');
    assert.equal((await slow).status, 200);
    const left = (await models.warden.client.list()).filter(({ endedAt }) => endedAt === undefined);
    assert.deepEqual(
      left.map(({ name }) => name),
      ['slow'],
    );
  });

  it('because there is no such program says where it comes from', async () => {
    await using models = await TestModels.start({ name: 'one', install: 'It comes with one.' });
    const [declared] = await models.warden.client.models();
    assert.ok(declared);
    const missing = { ...models.warden.request(['no-such-server', '--port', '${port}']), pool: 'two' };
    await models.warden.client.declareModels(
      [{ ...fakeModel(models.warden, [], { name: 'two', install: 'It comes with two.' }), start: missing }],
      {
        port: 0,
      },
    );
    const { status, text } = await models.chat('two', 'say 1');
    assert.equal(status, 424);
    assert.match(text, /There is no command 'no-such-server' in the PATH \(\d+ folders searched\)\. It comes with two\./);
  });

  it('because the server dies while it streams ends with an event that says so', async () => {
    await using models = await TestModels.start({ name: 'one' });
    const { status, text } = await models.chat('one', 'say 10 slow 20 crash 4', { stream: true });
    assert.equal(status, 200);
    assert.equal(saidBy(text), 'one-0 one-1 one-2 one-3 ');
    const { error } = JSON.parse(dataOf(text).at(-1) ?? '') as { error: { message: string; code: string } };
    assert.deepEqual([error.code, error.message], ['upstream_failed', "The server of 'one' exited with code 3 before it had answered."]);
    // The next one has another server.
    assert.equal((await models.chat('one', 'say 1')).status, 200);
  });

  it('because too many wait is told when to come again', async () => {
    await using models = await TestModels.start({ name: 'one', maxConcurrent: 1, maxQueue: 1 });
    await models.warden.client.loadModel('one');
    const first = models.chat('one', 'say 1 hold go');
    await models.until('one', ({ outstanding }) => outstanding === 1);
    const second = models.chat('one', 'say 1');
    await models.until('one', ({ queued }) => queued === 1);
    const third = await models.ask('/v1/chat/completions', { model: 'one', messages: [] });
    assert.equal(third.status, 429);
    assert.match(third.headers.get('retry-after') ?? '', /^\d+$/);
    assert.match(await third.text(), /1 requests are waiting for 'one'/);
    models.letGo('go');
    assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  });
});

describe('a pool', () => {
  const pidOf = async (models: TestModels): Promise<number> =>
    ((await (await models.ask('/upstream/one/whoami')).json()) as { pid: number }).pid;

  it('of three shares the requests, and the least busy is next', async () => {
    await using models = await TestModels.start({ name: 'one', instances: 3, maxConcurrent: 2 });
    await models.warden.client.loadModel('one');
    await models.until('one', ({ capacity }) => capacity === 6);
    const answers = Array.from({ length: 6 }, () => models.chat('one', 'say 1 hold go'));
    const { instances } = await models.until('one', ({ outstanding }) => outstanding === 6);
    models.letGo('go');
    assert.deepEqual(
      instances.map(({ name, outstanding }) => [name, outstanding]),
      [
        ['one', 2],
        ['one#2', 2],
        ['one#3', 2],
      ],
    );
    for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
    const after = (await models.model('one')).instances;
    assert.deepEqual(
      after.map(({ statistics: { requests, inputTokens, outputTokens } }) => [requests, inputTokens, outputTokens]),
      [
        [2, 14, 2],
        [2, 14, 2],
        [2, 14, 2],
      ],
    );
  });

  it('answers no more at once than all of it together may', async () => {
    await using models = await TestModels.start({ name: 'one', instances: 2, concurrencyLimit: 3 });
    await models.warden.client.loadModel('one');
    await models.until('one', ({ capacity }) => capacity === 8);
    const answers = Array.from({ length: 5 }, () => models.chat('one', 'say 1 hold go'));
    const { outstanding } = await models.until('one', ({ queued }) => queued === 2);
    models.letGo('go');
    assert.equal(outstanding, 3);
    for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
  });

  it('keeps a conversation where it was, where that is wanted', async () => {
    await using models = await TestModels.start({ name: 'one', instances: 3, affinity: true });
    await models.warden.client.loadModel('one');
    await models.until('one', ({ capacity }) => capacity === 12);
    const talk = async (about: string): Promise<string[]> => {
      const busy: string[] = [];
      const messages = [
        { role: 'system', content: about },
        { role: 'user', content: 'begin' },
      ];
      for (let turn = 0; turn < 4; turn++) {
        messages.push({ role: 'user', content: `say 1 hold turn-${turn}` });
        const answer = models.ask('/v1/chat/completions', { model: 'one', messages });
        const { instances } = await models.until('one', ({ outstanding }) => outstanding === 1);
        models.letGo(`turn-${turn}`);
        busy.push(instances.find(({ outstanding }) => outstanding === 1)?.name ?? '');
        await (await answer).text();
        await models.until('one', ({ outstanding }) => outstanding === 0);
      }
      return busy;
    };
    assert.equal(new Set(await talk('cats')).size, 1);
  });

  it('is loaded when all of it is ready, not the first alone', async () => {
    await using models = await TestModels.start({ name: 'one', arguments: ['--load', '300'] });
    const { client } = models.warden;
    const readyAfter = async (instances?: number): Promise<[number, number]> => {
      const loaded = await client.loadModel('one', instances);
      return [loaded.instances.filter(({ state }) => state === 'ready').length, loaded.wanted];
    };
    assert.deepEqual(await readyAfter(3), [3, 3]);
    assert.deepEqual(await readyAfter(4), [4, 4]);
    assert.deepEqual(await readyAfter(2), [2, 2]);
    assert.deepEqual(await readyAfter(), [2, 2]);
    for (const instances of [0, -1, 1.5, 65, 1e9]) await assert.rejects(client.loadModel('one', instances), /instances/);
    for (const instances of ['0', '65', '2x'])
      assert.deepEqual(
        [models.warden.run.call(['load', 'one', '--instances', instances]).code, (await models.model('one')).wanted],
        [2, 2],
        instances,
      );
    const { stdout } = models.warden.run.call(['load', 'one', '--instances', '3']);
    assert.equal(stdout, 'one: ready, 3 of 3 servers\n');
  });

  it('of which some cannot be loaded says so to who has asked for all, and answers with the others', async () => {
    await using warden = await TestWarden.start();
    const template = fakeModel(warden, [], { name: 'one' });
    // The second finds no program: its number is in its environment.
    const script = '[ "$TREE_WARDEN_INSTANCE" = 1 ] && exec "$@"; echo out of memory; exit 1';
    const argv = ['/bin/sh', '-c', script, 'sh', ...template.start.argv] as const;
    const models = await TestModels.of(warden, [{ ...template, start: { ...template.start, argv: [...argv] } }]);
    await assert.rejects(warden.client.loadModel('one', 2), /'one' could not be loaded: .*It ran out of memory/s);
    assert.equal((await models.chat('one', 'say 1')).status, 200);
    await models.until('one', ({ state, instances }) => state === 'ready' && instances.length === 1);
  });

  it('that is scaled down while it is loading leaves no server behind', async () => {
    await using models = await TestModels.start({ name: 'one', instances: 3, arguments: ['--hold', 'loaded'] });
    const { client } = models.warden;
    const all = client.loadModel('one');
    await models.until('one', ({ instances }) => instances.length === 3);
    const fewer = client.loadModel('one', 1);
    await models.until('one', ({ wanted }) => wanted === 1);
    models.letGo('loaded');
    assert.equal((await fewer).wanted, 1);
    await all;
    await models.until('one', ({ instances }) => instances.length === 1);
    const running = (await client.list()).filter(({ endedAt }) => endedAt === undefined);
    assert.deepEqual(
      running.map(({ name }) => name),
      ['one'],
    );
  });

  it('is scaled while it runs', async () => {
    await using models = await TestModels.start({ name: 'one', instances: 2 });
    await models.warden.client.loadModel('one');
    await models.warden.client.loadModel('one', 3);
    await models.until('one', ({ capacity }) => capacity === 12);
    await models.warden.client.loadModel('one', 1);
    await models.until('one', ({ instances }) => instances.length === 1);
    const running = (await models.warden.client.list()).filter(({ endedAt }) => endedAt === undefined);
    assert.deepEqual(
      running.map(({ name }) => name),
      ['one'],
    );
  });

  it('has as many as were wanted last, however quickly that changes', async () => {
    await using models = await TestModels.start({ name: 'one', instances: 3, arguments: ['--load', '200'] });
    const { client } = models.warden;
    await client.loadModel('one');
    await models.until('one', ({ capacity }) => capacity === 12);
    await Promise.all([client.loadModel('one', 1), client.loadModel('one', 3), client.loadModel('one', 2), client.loadModel('one', 3)]);
    await models.until('one', ({ capacity, instances }) => capacity === 12 && instances.length === 3);
    const running = (await client.list()).filter(({ endedAt }) => endedAt === undefined);
    assert.deepEqual(running.map(({ name }) => name).sort(), ['one', 'one#2', 'one#3']);
  });

  it('has a server that died replaced, and the others answer meanwhile', async () => {
    await using models = await TestModels.start({ name: 'one', instances: 2, arguments: ['--hold', 'loaded'] });
    models.letGo('loaded');
    await models.warden.client.loadModel('one');
    await models.until('one', ({ capacity }) => capacity === 8);
    models.hold('loaded');
    process.kill(await pidOf(models), 'SIGKILL');
    await models.until('one', ({ capacity }) => capacity < 8);
    assert.equal((await models.chat('one', 'say 1')).status, 200);
    models.letGo('loaded');
    await models.until('one', ({ capacity }) => capacity === 8);
  });

  it('asks who is unhealthy no more, and again when that is over', async () => {
    await using models = await TestModels.start({ name: 'one', instances: 2 });
    await models.warden.client.loadModel('one');
    await models.until('one', ({ instances }) => instances.every(({ state }) => state === 'ready'));
    await models.ask('/upstream/one/ill');
    const { instances } = await models.until('one', ({ instances: all }) => all.some(({ state }) => state === 'unhealthy'));
    const [ill, well] = (['unhealthy', 'ready'] as const).map((wanted) => instances.find(({ state }) => state === wanted));
    assert.ok(ill && well);
    const answered = async (name: string): Promise<number> =>
      (await models.model('one')).instances.find((instance) => instance.name === name)?.statistics.requests ?? 0;
    await Promise.all(Array.from({ length: 4 }, () => models.chat('one', 'say 1')));
    assert.deepEqual([await answered(ill.name), await answered(well.name)], [ill.statistics.requests, well.statistics.requests + 4]);
    await fetch(`http://127.0.0.1:${ill.port}/well`);
    await models.until('one', ({ instances: all }) => all.every(({ state }) => state === 'ready'));
    const answers = Array.from({ length: 4 }, () => models.chat('one', 'say 1 hold go'));
    await models.until('one', ({ outstanding }) => outstanding === 4);
    models.letGo('go');
    await Promise.all(answers);
    assert.ok((await answered(ill.name)) > ill.statistics.requests);
  });

  it('has a server that is not alive any more replaced', async () => {
    await using warden = await TestWarden.start();
    const template = fakeModel(warden, [], { name: 'one' });
    const check = { by: 'http', url: 'http://127.0.0.1:${port}/health' } as const;
    const alive = { check, delayMillis: 0, periodMillis: 50, timeoutMillis: 1000, failureThreshold: 2, successThreshold: 1 };
    const models = await TestModels.of(warden, [{ ...template, instances: 2, start: { ...template.start, alive } }]);
    await models.warden.client.loadModel('one');
    await models.until('one', ({ capacity }) => capacity === 8);
    const { pid } = (await (await models.ask('/upstream/one/whoami')).json()) as { pid: number };
    await models.ask('/upstream/one/ill');
    await eventually('it has ended', () => !isAlive(pid));
    await models.until('one', ({ capacity, instances }) => capacity === 8 && instances.every(({ state }) => state === 'ready'));
  });

  it('asks the unhealthy where there are no others', async () => {
    await using models = await TestModels.start({ name: 'one' });
    await models.warden.client.loadModel('one');
    await models.ask('/upstream/one/ill');
    await models.until('one', ({ instances }) => instances[0]?.state === 'unhealthy');
    assert.equal((await models.chat('one', 'say 1')).status, 200);
  });

  it('has one of it restarted by itself, when that has answered', async () => {
    await using models = await TestModels.start({ name: 'one' });
    await models.warden.client.loadModel('one');
    const before = await pidOf(models);
    const answering = models.chat('one', 'say 1 hold go');
    const { instances } = await models.until('one', ({ outstanding }) => outstanding === 1);
    const tree = instances[0]?.tree;
    assert.ok(tree);
    const restarting = models.warden.client.restart({ tree, now: false, reason: 'restarted by the test' });
    await models.until('one', ({ instances: [only] }) => only?.state === 'draining');
    models.letGo('go');
    await restarting;
    assert.equal((await answering).status, 200);
    assert.notEqual(await pidOf(models), before);
    assert.ok(!isAlive(before));
  });
});

describe('a model', () => {
  it('is unloaded after its time without requests, with all its processes', async () => {
    await using models = await TestModels.start(
      { name: 'one', ttlMillis: 400, arguments: ['--workers', '3'] },
      { name: 'later', ttlMillis: 3_600_000 },
    );
    await models.chat('later', 'say 1');
    const { unloadAt } = await models.model('later');
    assert.ok(unloadAt !== undefined && unloadAt > Date.now());
    await models.warden.client.unloadModel('later');
    await models.chat('one', 'say 1');
    await models.until('one', ({ state }) => state === 'cold');
    assert.deepEqual(await survivorsAfterLooking(models.warden.run.workFolder), []);
  });

  it('is drained before it is unloaded, and who comes meanwhile loads it again', async () => {
    await using models = await TestModels.start({ name: 'one' });
    const answering = models.chat('one', 'say 5 hold go', { stream: true });
    await models.until('one', ({ outstanding }) => outstanding === 1);
    const unloading = models.warden.client.unloadModel('one');
    await models.until('one', ({ state }) => state === 'draining');
    const late = models.chat('one', 'say 1');
    models.letGo('go');
    assert.equal(saidBy((await answering).text), 'one-0 one-1 one-2 one-3 one-4 ');
    await unloading;
    assert.equal((await late).status, 200);
  });

  it('that is unloaded now breaks off what it was answering, and says so', async () => {
    await using models = await TestModels.start({ name: 'one' });
    const answering = models.chat('one', 'say 1000 slow 20', { stream: true });
    await models.until('one', ({ outstanding }) => outstanding === 1);
    await models.warden.client.unloadModel('one', true);
    assert.match((await answering).text, /"message":"'one' was unloaded before it had answered\."/);
  });

  it('that is not declared any more is unloaded; what has changed counts from the next load', async () => {
    await using models = await TestModels.start({ name: 'one' }, { name: 'two' });
    await Promise.all([models.warden.client.loadModel('one'), models.warden.client.loadModel('two')]);
    await models.warden.client.declareModels([fakeModel(models.warden, [], { name: 'two', description: 'changed' })], { port: 0 });
    await eventually(
      'only one is left',
      async () => (await models.warden.client.list()).filter(({ endedAt }) => endedAt === undefined).length === 1,
    );
    assert.deepEqual(
      (await models.warden.client.models()).map(({ name, description, state }) => [name, description, state]),
      [['two', 'changed', 'ready']],
    );
  });
});

describe('a model that is declared as another one', () => {
  it('waits until the servers of the first are gone', async () => {
    await using models = await TestModels.start({ name: 'one', exclusive: 'a' });
    await models.warden.client.loadModel('one');
    const answering = models.chat('one', 'say 1 hold go');
    await models.until('one', ({ outstanding }) => outstanding === 1);
    await models.warden.client.declareModels([fakeModel(models.warden, [], { name: 'one', exclusive: 'b' })], { port: 0 });
    models.letGo('go');
    const [first, second] = await Promise.all([answering, models.chat('one', 'say 1')]);
    assert.deepEqual([first.status, second.status], [200, 200], second.text);
  });
});

describe('models of which only one is loaded at a time', () => {
  const pair = [
    { name: 'one', exclusive: 'gpu', arguments: ['--workers', '2'] },
    { name: 'two', exclusive: 'gpu', arguments: ['--workers', '2'] },
  ] as const;

  it('are swapped, the one gone before the other is begun', async () => {
    await using models = await TestModels.start(...pair);
    await models.chat('one', 'say 1');
    const answering = models.chat('one', 'say 3 hold go', { stream: true });
    await models.until('one', ({ outstanding }) => outstanding === 1);
    const swapped = models.chat('two', 'say 1');
    await models.until('two', ({ state }) => state === 'waiting');
    models.letGo('go');
    assert.equal(saidBy((await answering).text), 'one-0 one-1 one-2 ');
    assert.equal((await swapped).status, 200);
    assert.equal((await models.model('one')).state, 'cold');
    const events = (await models.warden.journal()).filter(({ event }) => event === 'spawned' || event === 'ended');
    assert.deepEqual(
      events.map(({ event, spec }) => `${String(spec)} ${String(event)}`),
      ['one spawned', 'one ended', 'two spawned'],
    );
  });

  it('get their turns in the order of asking, and none starves', async () => {
    await using models = await TestModels.start(...pair, { name: 'three', exclusive: 'gpu' });
    await models.warden.client.loadModel('one');
    const order: string[] = [];
    const ask = (name: string, orders = 'say 1'): Promise<unknown> =>
      models.chat(name, orders).then(({ status, text }) => order.push(status === 200 ? name : text));
    const first = ask('one', 'say 1 hold go');
    await models.until('one', ({ outstanding }) => outstanding === 1);
    const others = [ask('two'), ask('two')];
    await models.until('two', ({ queued }) => queued === 2);
    others.push(ask('three'));
    await models.until('three', ({ queued }) => queued === 1);
    models.letGo('go');
    await Promise.all([first, ...others]);
    assert.deepEqual(order, ['one', 'two', 'two', 'three']);
  });
});
