/** What clients are told of a model, and what is changed in their requests. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ModelRequest, ServedModel } from '../../src/protocol/models.ts';
import { fakeModel, TestModels } from '../support/models.ts';
import { eventually, exitOf } from '../support/run.ts';
import { TestWarden } from '../support/warden.ts';

const echo = fileURLToPath(new URL('../fixtures/models/echo.cjs', import.meta.url));

/** A model whose server answers with what it was sent. */
function echoed(warden: TestWarden, changes: Partial<ModelRequest> = {}): ServedModel {
  const request = fakeModel(warden, [], { name: 'coder', aliases: ['gpt'], ...changes });
  return { ...request, start: { ...request.start, argv: [process.execPath, echo, '${port}'] } };
}

interface Entry {
  readonly id: string;
  readonly [field: string]: unknown;
}

async function listed(models: TestModels): Promise<Entry[]> {
  return ((await (await models.ask('/v1/models')).json()) as { data: Entry[] }).data;
}

/** What the server was sent of a request to this model. */
async function sent(models: TestModels, model: string, fields: object = {}): Promise<object> {
  const { status, text } = await models.chat(model, 'hello', fields);
  assert.equal(status, 200, text);
  const { messages, ...rest } = JSON.parse(text) as { messages: unknown };
  assert.deepEqual(messages, [{ role: 'user', content: 'hello' }]);
  return rest;
}

const factRequests = [{ path: '/v1/models' }, { path: '/props' }, { path: '/none' }];

describe('a list of models', () => {
  it('has what is declared of one, and what its server says when it is loaded', async () => {
    await using warden = await TestWarden.start();
    const declared = { contextSize: 8192, capabilities: ['completion' as const] };
    const models = await TestModels.of(warden, [echoed(warden, { facts: declared, factRequests })]);
    const common = { id: 'coder', object: 'model', created: 0, owned_by: 'tree-warden', aliases: ['gpt'] };
    assert.deepEqual(await listed(models), [
      {
        ...common,
        status: { value: 'unloaded' },
        context_length: 8192,
        max_model_len: 8192,
        meta: { n_ctx: 8192 },
        capabilities: ['completion'],
      },
    ]);
    await warden.client.loadModel('coder');
    await models.until('coder', ({ facts }) => facts?.sizeBytes !== undefined);
    const size = 4_912_898_304;
    const meta = { n_ctx: 4096, n_ctx_train: 131_072, size };
    const loaded = {
      ...common,
      status: { value: 'loaded' },
      context_length: 4096,
      max_model_len: 4096,
      meta,
      capabilities: ['completion', 'tools', 'vision'],
      size,
    };
    assert.deepEqual(await listed(models), [loaded]);
    assert.deepEqual(await (await models.ask('/v1/models/gpt')).json(), loaded);
  });

  it('keeps what one server has said of the model when a further one says nothing, for as long as the first is ready', async () => {
    await using warden = await TestWarden.start();
    const file = join(warden.run.folder, 'asked');
    const { start, ...model } = echoed(warden, { factRequests });
    const models = await TestModels.of(warden, [{ ...model, start: { ...start, argv: [...start.argv, file] } }]);
    await warden.client.loadModel('coder');
    await models.until('coder', ({ facts }) => facts?.sizeBytes !== undefined);
    writeFileSync(file, '');
    await warden.client.loadModel('coder', 2);
    await eventually('the further one was asked', () => readFileSync(file, 'utf8').includes('/none'));
    // Its last answer is known when a later one is.
    await sent(models, 'coder');
    assert.equal((await listed(models))[0]?.['context_length'], 4096);
    await warden.client.unloadModel('coder', false);
    await warden.client.loadModel('coder', 1);
    await eventually('the next one was asked', () => readFileSync(file, 'utf8').split('/none').length > 2);
    assert.equal((await listed(models))[0]?.['context_length'], undefined);
  });

  it('has a variant under its own name', async () => {
    await using warden = await TestWarden.start();
    const variants = [{ name: 'coder:high', description: 'thinks longer', set: { reasoning_effort: 'high' } }];
    const models = await TestModels.of(warden, [echoed(warden, { variants })]);
    assert.deepEqual(
      (await listed(models)).map(({ id, parent, description }) => [id, parent, description]),
      [
        ['coder', undefined, undefined],
        ['coder:high', 'coder', 'thinks longer'],
      ],
    );
    const one = (await (await models.ask('/v1/models/coder:high')).json()) as Entry;
    assert.deepEqual([one.id, one['parent']], ['coder:high', 'coder']);
    const { text } = await models.chat('coder:low', 'hello');
    assert.match(text, /There is no model 'coder:low'\. There are: coder, coder:high\./);
  });
});

describe('a request', () => {
  const changes = { set: { temperature: 0.2 }, strip: ['user'] };
  const variants = [{ name: 'coder:high', set: { reasoning_effort: 'high', temperature: 1 } }];

  it('has the fields that are declared for its model, and for the variant that it names', async () => {
    await using warden = await TestWarden.start();
    const models = await TestModels.of(warden, [echoed(warden, { changes, variants, upstreamName: 'm' })]);
    assert.deepEqual(await sent(models, 'coder', { user: 'me', seed: 1 }), { model: 'm', seed: 1, temperature: 0.2 });
    assert.deepEqual(await sent(models, 'gpt', { temperature: 2 }), { model: 'm', temperature: 0.2 });
    assert.deepEqual(await sent(models, 'coder:high', { user: 'me' }), { model: 'm', temperature: 1, reasoning_effort: 'high' });
    const unchanged = { model: 'coder', user: 'me' };
    assert.deepEqual(await (await models.ask('/upstream/coder/v1/chat/completions', unchanged)).json(), unchanged);
  });

  it('is changed otherwise as soon as that is declared, without a load', async () => {
    await using warden = await TestWarden.start();
    const models = await TestModels.of(warden, [echoed(warden, { changes })]);
    await sent(models, 'coder');
    const { instances } = await models.model('coder');
    await warden.client.declareModels([echoed(warden, { changes: { set: { temperature: 0.7 } }, variants })], { port: 0 });
    assert.deepEqual(await sent(models, 'coder', { user: 'me' }), { model: 'coder', user: 'me', temperature: 0.7 });
    assert.deepEqual(await sent(models, 'coder:high'), { model: 'coder', temperature: 1, reasoning_effort: 'high' });
    assert.deepEqual(
      (await models.model('coder')).instances.map(({ tree }) => tree),
      instances.map(({ tree }) => tree),
    );
  });
});

describe('the last requests', () => {
  interface Listed {
    readonly model: string;
    readonly asked?: string;
    readonly client: string;
    readonly status: number;
    readonly isFirst?: true;
    readonly inputTokens?: number;
    readonly outputTokens?: number;
    readonly error?: string;
  }

  it('are listed, with who has asked, and followed as they end', async () => {
    await using models = await TestModels.start({ name: 'one', aliases: ['uno'] }, { name: 'two', arguments: ['--fail-load'] });
    const { run } = models.warden;
    assert.equal(run.call(['requests']).stdout, 'No model was asked anything.\n');
    await models
      .ask('/v1/chat/completions', { model: 'uno', messages: [{ role: 'user', content: 'say 3' }] }, { 'user-agent': 'OpenAI/JS 6.0' })
      .then((response) => response.text());
    await models.chat('one', 'error 503');
    await models.chat('two', 'say 1');
    // The client has its answer a moment before that is noted.
    const all = await eventually('all are over', () => {
      const listed = JSON.parse(run.call(['requests', '--json']).stdout) as Listed[];
      return listed.length === 3 && listed.every(({ status }) => status !== undefined) && listed;
    });
    assert.deepEqual(
      all.map(({ model, asked, client, status, isFirst, inputTokens, outputTokens }) => [
        model,
        asked,
        client,
        status,
        isFirst,
        inputTokens,
        outputTokens,
      ]),
      [
        ['one', 'uno', 'OpenAI/JS', 200, true, 7, 3],
        ['one', undefined, 'node', 503, undefined, undefined, undefined],
        ['two', undefined, 'node', 424, true, undefined, undefined],
      ],
    );
    assert.match(all[2]?.error ?? '', /'two' could not be loaded/);
    const [, uno = '', , two = ''] = run.call(['requests']).stdout.split('\n');
    assert.match(uno, /^\d\d:\d\d:\d\d {2}uno +OpenAI\/JS {2}200 /);
    assert.match(two, / {2}two +node +424 .* 'two' could not be loaded/);
    assert.equal(run.call(['requests', 'three']).stdout, `Nothing was asked of three. There is no model 'three'. There are: one, two.\n`);
    assert.match(run.call(['requests', '-n', '501']).stderr, /-n wants a number of requests, at most 500, not '501'/);
    assert.equal(run.call(['requests', '-n', '1', 'one']).stdout.split('\n').length, 3);
    const follower = run.start(['requests', '--follow', '--json', '-n', '1', 'one']);
    let text = '';
    follower.stdout?.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    const lines = (): Listed[] =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Listed);
    await eventually('the last one is printed', () => lines().length === 1);
    await models.chat('one', 'say 4');
    await eventually('the next one is printed, too', () => lines().length === 2);
    assert.deepEqual(
      lines().map(({ status, outputTokens }) => [status, outputTokens]),
      [
        [503, undefined],
        [200, 4],
      ],
    );
    follower.kill('SIGTERM');
    await exitOf(follower);
  });
});
