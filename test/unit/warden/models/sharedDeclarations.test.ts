/** What several clients declare to the model service, as one declaration. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { budgetIdOf } from '../../../../src/protocol/budgetIds.ts';
import type { MemoryBudget } from '../../../../src/protocol/modelMemory.ts';
import type { GatewayOptions, ModelLease, ModelRequest, ServedModel } from '../../../../src/protocol/models.ts';
import type { StartRequest } from '../../../../src/protocol/startRequest.ts';
import { mergeLeases } from '../../../../src/warden/models/sharedDeclarations.ts';

type Changes = Partial<Omit<ModelRequest, 'start'>> & { readonly start?: Partial<StartRequest> };

function model(name: string, { start = {}, ...changes }: Changes = {}): ServedModel {
  return {
    name,
    aliases: [],
    runtime: 'llama.cpp',
    start: {
      ...{ name, argv: ['llama-server', '--port', '${port}'], cwd: '/home/dev', env: {}, stdio: 'pipes' },
      ...{ stop: [], whenLeaderExits: 'kill', containment: 'auto' },
      ...start,
    },
    instances: 1,
    ttlMillis: 0,
    scope: 'user',
    preload: false,
    maxQueue: 100,
    maxConcurrent: 4,
    concurrencyLimit: 0,
    affinity: false,
    upstreamName: name,
    ...changes,
  };
}

const lease = (lessee: string, ...models: readonly ModelRequest[]): ModelLease => ({ lessee, models, gateway: { port: 0 } });

describe('keys that two clients declare', () => {
  const of = (lessee: string, ...keys: NonNullable<GatewayOptions['keys']>): ModelLease => ({
    lessee,
    models: [],
    gateway: { port: 0, keys },
  });
  const [ci, web] = [
    { name: 'ci', key: 'k'.repeat(20), models: ['coder'] } as const,
    { name: 'web', key: 'w'.repeat(20), models: [] } as const,
  ];

  it('all count; of two that are the same, the first one does', () => {
    const { gateway } = mergeLeases([of('first', ci), of('second', { ...ci, name: 'other', models: ['chat'] }, web)]);
    assert.deepEqual(gateway.keys, [ci, web]);
  });
});

describe('budgets of models that two clients lease', () => {
  const of = (workspace: string, requests: number): ModelRequest =>
    model('gpt', { budget: { id: budgetIdOf('gpt', workspace), requests, per: 'day' } });

  it('are one, in whatever workspaces they are declared', () => {
    const [first, second] = [lease('first', of('/a', 5)), lease('second', of('/b', 5))];
    const { models, refused } = mergeLeases([first, second]);
    assert.deepEqual(
      models.map(({ budget }) => budget?.id),
      [budgetIdOf('gpt', undefined)],
    );
    assert.deepEqual([refused.get(first), refused.get(second)], [[], []]);
  });

  it('are told apart where they limit otherwise', () => {
    const [first, second] = [lease('first', of('/a', 5)), lease('second', of('/b', 6))];
    assert.match(mergeLeases([first, second]).refused.get(second)?.[0]?.reason ?? '', /declares it otherwise \(budget\)/);
  });
});

describe('fallbacks of models that two clients lease', () => {
  const coder = model('coder', { fallback: 'chat' });
  const chat = model('chat', { fallback: 'gpt' });
  const gpt = (upstreamName: string): ModelRequest => model('gpt', { upstreamName });

  it('are never what another client has declared by their names', () => {
    const [first, second] = [lease('first', gpt('one')), lease('second', coder, chat, gpt('other'))];
    const { models, refused } = mergeLeases([first, second]);
    assert.deepEqual(models, [gpt('one')]);
    assert.deepEqual(refused.get(second), [
      { name: 'coder', reason: "'coder' is not served here, because its fallback 'chat' is not." },
      { name: 'chat', reason: "'chat' is not served here, because its fallback 'gpt' is not." },
      ...(refused.get(second)?.slice(2) ?? []),
    ]);
    assert.match(refused.get(second)?.[2]?.reason ?? '', /'gpt' is not served here, because first declares it otherwise \(model\)/);
  });

  it('are shared where they are declared alike', () => {
    const [first, second] = [lease('first', coder, chat, gpt('one')), lease('second', gpt('one'), chat, coder)];
    const { models, refused } = mergeLeases([first, second]);
    assert.deepEqual(models, first.models);
    assert.deepEqual(refused.get(second), []);
  });
});

describe('models that two clients lease', () => {
  it('are served to the one that can declare them where the other one lacks a file', () => {
    const { start: _, ...broken } = model('coder', { problem: 'There is no model file coder.gguf.' });
    const [first, second] = [lease('first', broken), lease('second', model('coder'))];
    const { models, refused } = mergeLeases([first, second]);
    assert.deepEqual(models, second.models);
    assert.deepEqual(refused.get(first), [{ name: 'coder', reason: 'There is no model file coder.gguf.' }]);
    assert.deepEqual(refused.get(second), []);
  });

  const alike: Record<string, Changes> = {
    'the same': {},
    'another description': { description: 'For code' },
    'another group in the view': { start: { group: 'AI' } },
    'loaded at once': { preload: true },
    'other aliases': { aliases: ['second'] },
    'a file that has another size by now': { facts: { sizeBytes: 5_000_000 } },
  };
  for (const [what, changes] of Object.entries(alike))
    it(`are one where they differ in nothing that counts: ${what}`, () => {
      const [first, second] = [lease('first', model('coder', { aliases: ['first'] })), lease('second', model('coder', changes))];
      const { models, refused } = mergeLeases([first, second]);
      assert.equal(models.length, 1);
      assert.deepEqual(models[0]?.aliases, ['first', ...(changes.aliases ?? [])]);
      assert.equal(models[0]?.preload, changes.preload ?? false);
      assert.deepEqual([refused.get(first), refused.get(second)], [[], []]);
    });

  const different: Record<string, readonly [Changes, RegExp]> = {
    'its command': [{ start: { argv: ['llama-server', '--ctx-size', '8192'] } }, /\(command\)/],
    'its environment': [{ start: { env: { LLAMA_ARG_THREADS: '4' } } }, /\(env\)/],
    'its folder': [{ start: { cwd: '/srv' } }, /\(cwd\)/],
    'the number of its servers': [{ instances: 2 }, /\(instances\)/],
    'when it is unloaded, and its runtime': [{ ttlMillis: 1000, runtime: 'vLLM' }, /\(runtime, ttl\)/],
    'a key that only one of them has': [{ exclusive: 'gpu' }, /\(exclusive\)/],
    'what it can do': [{ facts: { capabilities: ['tools'], sizeBytes: 1 } }, /\(capabilities\)/],
    'the server elsewhere that answers': [{ remote: { url: 'https://a', api: 'openai', key: 'k', timeoutMillis: 1 } }, /\(url or key\)/],
    'its requests': [{ changes: { strip: ['user'] } }, /\(request\)/],
  };
  for (const [what, [changes, named]] of Object.entries(different))
    it(`are refused to the second one where they differ in ${what}`, () => {
      const [first, second] = [lease('/work/first', model('coder')), lease('second', model('coder', changes), model('chat'))];
      const { models, refused } = mergeLeases([first, second]);
      assert.deepEqual(
        models.map(({ name, start }) => [name, start?.argv]),
        [
          ['coder', model('coder').start.argv],
          ['chat', model('chat').start.argv],
        ],
      );
      assert.deepEqual(refused.get(first), []);
      const [one, another] = refused.get(second) ?? [];
      assert.equal(one?.name, 'coder');
      assert.match(one?.reason ?? '', named);
      assert.match(one?.reason ?? '', /\/work\/first declares it otherwise/);
      assert.equal(another, undefined);
    });

  const named: Record<string, readonly [ModelRequest, string]> = {
    'the model is named as an alias of another': [model('gpt'), 'gpt'],
    'the model is named as a variant of another': [model('coder:high'), 'coder:high'],
    'an alias is the name of another': [model('other', { aliases: ['mine', 'coder'] }), 'coder'],
    'an alias is a variant of another': [model('other', { aliases: ['coder:high'] }), 'coder:high'],
    'a variant is an alias of another': [model('other', { variants: [{ name: 'gpt' }] }), 'gpt'],
  };
  for (const [what, [other, name]] of Object.entries(named))
    it(`are refused to the second one where a name would mean two models: ${what}`, () => {
      const first = lease('/work/first', model('coder', { aliases: ['gpt'], variants: [{ name: 'coder:high' }] }));
      const second = lease('second', other, model('coder', { aliases: ['mine'], variants: [{ name: 'coder:high' }] }));
      const { models, refused } = mergeLeases([first, second]);
      assert.deepEqual(
        models.map((one) => [one.name, one.aliases]),
        [['coder', ['gpt', 'mine']]],
      );
      assert.deepEqual([refused.get(first), refused.get(second)?.length], [[], 1]);
      assert.match(refused.get(second)?.[0]?.reason ?? '', new RegExp(`'${name}' is a name of 'coder' in /work/first`));
    });

  const confused: Record<string, readonly [ModelRequest, ModelRequest, RegExp]> = {
    'an alias of both': [model('coder', { aliases: ['gpt'] }), model('chat', { aliases: ['gpt'] }), /'gpt' is a name of 'coder' in first/],
    'an alias that is the name of the other one': [model('coder'), model('chat', { aliases: ['coder'] }), /'coder' is a name of/],
    'a name that is an alias of the other one': [model('coder', { aliases: ['chat'] }), model('chat'), /'chat' is a name of/],
    'a variant of both': [
      model('coder', { variants: [{ name: 'x:high' }] }),
      model('chat', { variants: [{ name: 'x:high' }] }),
      /'x:high' is a name of/,
    ],
  };
  for (const [what, [one, other, reason]] of Object.entries(confused))
    it(`are not taken for each other: ${what}`, () => {
      const [first, second] = [lease('first', one), lease('second', other)];
      const { models, refused } = mergeLeases([first, second]);
      assert.deepEqual(models, [one]);
      assert.match(refused.get(second)?.[0]?.reason ?? '', reason);
    });

  it('may have what names the file of one client gives them', () => {
    const both = [model('coder', { aliases: ['chat'], variants: [{ name: 'coder' }] }), model('chat')];
    const [first, second] = [lease('first', ...both), lease('second', ...both)];
    const { models, refused } = mergeLeases([first, second]);
    assert.equal(models.length, 2);
    assert.deepEqual([refused.get(first), refused.get(second)], [[], []]);
  });

  it('are those of the other one when the first has gone', () => {
    const second = lease('second', model('coder', { instances: 3 }));
    const { models, refused } = mergeLeases([second]);
    assert.deepEqual([models[0]?.instances, refused.get(second)], [3, []]);
  });

  it('have one address: what the first one wants of it, and the pages that any of them lets in', () => {
    const { gateway } = mergeLeases([
      { ...lease('first'), gateway: { port: 0, allowedOrigins: ['https://a.example'] } },
      { ...lease('second'), gateway: { port: 4000, token: 'second', allowedOrigins: ['https://a.example', 'https://b.example'] } },
      { ...lease('third'), gateway: { port: 5000, token: 'third' } },
    ]);
    assert.deepEqual(gateway, { token: 'second', port: 4000, allowedOrigins: ['https://a.example', 'https://b.example'] });
  });

  it('keep to the smallest budget that any of them declares', () => {
    const budget = (memory: MemoryBudget): ModelLease => ({ ...lease('one'), gateway: { port: 0, memory } });
    const merged = (...budgets: readonly MemoryBudget[]): unknown => mergeLeases([lease('none'), ...budgets.map(budget)]).gateway.memory;
    assert.equal(merged(), undefined);
    assert.deepEqual(merged({ memoryBytes: 8 }), { memoryBytes: 8 });
    assert.deepEqual(merged({ memoryBytes: 8, gpuMemoryBytes: [4, 6] }, { memoryBytes: 6 }), { memoryBytes: 6, gpuMemoryBytes: [4, 6] });
    assert.deepEqual(merged({ gpuMemoryBytes: [4, 6] }, { gpuMemoryBytes: [6, 2] }), { gpuMemoryBytes: [4, 2] });
    assert.deepEqual(merged({ gpuMemoryBytes: [4, 6] }, { gpuMemoryBytes: 8 }), { gpuMemoryBytes: 8 });
  });
});
