/** What model servers say of their models, and what clients are told of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { modelEntries } from '../../../src/gateway/modelEntries.ts';
import { factsIn, mergeFacts } from '../../../src/gateway/modelFacts.ts';
import type { ModelFacts } from '../../../src/protocol/modelFacts.ts';
import type { ModelSnapshot } from '../../../src/protocol/models.ts';
import { holdsFor } from '../../support/property.ts';

describe('the facts in an answer', () => {
  const cases: [string, unknown, ModelFacts][] = [
    [
      'llama-server’s /props, with tools and vision',
      {
        default_generation_settings: { n_ctx: 65_536 },
        modalities: { vision: true, audio: false },
        chat_template_caps: { supports_tools: true, supports_tool_calls: true },
      },
      { contextSize: 65_536, capabilities: ['completion', 'tools', 'vision'] },
    ],
    [
      'llama-server’s /props of a model without tools',
      { default_generation_settings: { n_ctx: 4096 }, chat_template_caps: { supports_tools: false, supports_tool_calls: false } },
      { contextSize: 4096, capabilities: ['completion'] },
    ],
    ['an older llama-server’s, which says nothing of tools', { default_generation_settings: { n_ctx: 4096 } }, { contextSize: 4096 }],
    [
      'llama-server’s /v1/models',
      {
        object: 'list',
        data: [
          { id: 'm', meta: { n_ctx_train: 131_072, size: 4_912_898_304 }, architecture: { input_modalities: ['text', 'image', 'audio'] } },
        ],
      },
      { trainedContext: 131_072, sizeBytes: 4_912_898_304, capabilities: ['vision', 'audio'] },
    ],
    ['while it is loading', { object: 'list', data: [{ id: 'm', meta: null }] }, {}],
    ['vLLM’s /v1/models', { data: [{ id: 'm', max_model_len: 32_768 }] }, { contextSize: 32_768 }],
    [
      'Ollama’s /api/show',
      {
        capabilities: ['completion', 'vision', 'tools', 'thinking', 'unheard'],
        model_info: { 'general.architecture': 'llama', 'llama.context_length': 131_072 },
      },
      { trainedContext: 131_072, capabilities: ['completion', 'tools', 'vision', 'thinking'] },
    ],
    [
      'Ollama’s /api/ps',
      { models: [{ name: 'm', size: 5_000_000_000, context_length: 8192 }] },
      { contextSize: 8192, sizeBytes: 5_000_000_000 },
    ],
    ['nothing', undefined, {}],
    ['a text', 'n_ctx', {}],
    ['a list', [{ meta: { n_ctx: 1 } }], {}],
    ['figures that are none', { data: [{ max_model_len: -1, meta: { n_ctx: '4096', size: 1.5, n_ctx_train: 1e300 } }] }, {}],
  ];
  for (const [what, answer, facts] of cases) it(`are read: ${what}`, () => assert.deepEqual(factsIn(answer), facts));

  it('are only of known kinds, whatever a server answers', async () => {
    await holdsFor(fc.jsonValue(), (answer) => {
      const { contextSize = 1, trainedContext = 1, sizeBytes = 1, capabilities = [] } = factsIn(answer);
      assert.ok([contextSize, trainedContext, sizeBytes].every((figure) => Number.isSafeInteger(figure) && figure > 0));
      assert.ok(capabilities.length <= 7);
    });
  });

  it('take the place of what was declared, and add to what it can do', () => {
    const declared: ModelFacts = { contextSize: 8192, capabilities: ['tools'], sizeBytes: 5 };
    assert.deepEqual(mergeFacts(declared, { contextSize: 4096, capabilities: ['completion'] }), {
      contextSize: 4096,
      capabilities: ['completion', 'tools'],
      sizeBytes: 5,
    });
    assert.deepEqual(mergeFacts(declared, {}), declared);
  });
});

describe('an entry of /v1/models', () => {
  const snapshot = (changes: Partial<ModelSnapshot> = {}): ModelSnapshot => ({
    ...{ name: 'coder', aliases: ['gpt'], runtime: 'llama.cpp', state: 'ready', reason: '', instances: [], wanted: 1 },
    ...{ outstanding: 0, capacity: 4, queued: 0, statistics: { requests: 0, failures: 0, inputTokens: 0, outputTokens: 0 } },
    ...changes,
  });

  it('has the size of the context under each name that clients look for', () => {
    const [entry] = modelEntries(
      snapshot({ facts: { contextSize: 8192, trainedContext: 131_072, capabilities: ['completion', 'tools'], sizeBytes: 5 } }),
    );
    assert.deepEqual(entry, {
      ...{ id: 'coder', object: 'model', created: 0, owned_by: 'tree-warden', status: { value: 'loaded' }, context_length: 8192 },
      ...{
        max_model_len: 8192,
        meta: { n_ctx: 8192, n_ctx_train: 131_072, size: 5 },
        capabilities: ['completion', 'tools'],
        size: 5,
        aliases: ['gpt'],
      },
    });
  });

  it('says how much memory a server takes, and how that is known', () => {
    const [entry] = modelEntries(snapshot({ memory: { memoryBytes: 7, gpuMemoryBytes: 9, source: 'measured' } }));
    assert.deepEqual((entry as { memory: unknown }).memory, { bytes: 7, gpu_bytes: 9, source: 'measured' });
    assert.ok(!('memory' in (modelEntries(snapshot({ memory: { source: 'unknown' } }))[0] ?? {})));
  });

  it('says nothing of what is not known', () => {
    const [entry] = modelEntries(snapshot({ state: 'cold' }));
    assert.deepEqual(entry, {
      id: 'coder',
      object: 'model',
      created: 0,
      owned_by: 'tree-warden',
      status: { value: 'unloaded' },
      aliases: ['gpt'],
    });
  });

  it('says that it could not be loaded, and why', () => {
    const [entry] = modelEntries(snapshot({ state: 'failed', reason: 'no memory' }));
    assert.deepEqual((entry as { status: unknown }).status, { value: 'unloaded', failed: true, reason: 'no memory' });
  });

  it('is there for each variant, with the model’s own facts', () => {
    const variants = [{ name: 'coder:high', description: 'thinks longer' }, { name: 'coder:low' }];
    const entries = modelEntries(snapshot({ facts: { contextSize: 8192 }, variants })) as Record<string, unknown>[];
    assert.deepEqual(
      entries.map(({ id, parent, description, context_length }) => [id, parent, description, context_length]),
      [
        ['coder', undefined, undefined, 8192],
        ['coder:high', 'coder', 'thinks longer', 8192],
        ['coder:low', 'coder', undefined, 8192],
      ],
    );
  });
});
