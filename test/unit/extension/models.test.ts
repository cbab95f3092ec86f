import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { continueFile, continueModel, llamaVscodeSettings } from '../../../src/extension/models/clientSettings.ts';
import { asOpenAiMessages, asOpenAiTools, countTokens } from '../../../src/extension/models/openAiMessages.ts';
import { filterModels, type ModelSource } from '../../../src/extension/processTree/modelRows.ts';
import type { Row, RowSource } from '../../../src/extension/processTree/row.ts';
import { buildRows } from '../../../src/extension/processTree/rows.ts';
import { ShownFigures } from '../../../src/extension/processTree/shownFigures.ts';
import { ShownMembers } from '../../../src/extension/processTree/shownMembers.ts';
import { ShownRates } from '../../../src/extension/processTree/shownRates.ts';
import { environmentFor, type ModelSnapshot } from '../../../src/protocol/models.ts';
import { aModel, anInstance, aTree } from '../../support/snapshots.ts';

const source = (changes?: Partial<ModelSnapshot>): ModelSource => ({
  name: 'small',
  group: 'Models',
  description: 'for code',
  runtime: 'llama.cpp',
  ...(changes && { snapshot: aModel(changes) }),
});

const elsewhere = (changes: Partial<ModelSnapshot>): ModelSource => ({
  ...source({ runtime: 'remote', remoteHost: 'api.example.com', ...changes }),
  runtime: 'remote',
});

const server = (name: string): RowSource => ({
  name,
  declared: false,
  group: 'Models',
  tree: aTree({ name, pool: 'small', cpuPercent: 5, memoryBytes: 2 ** 30, gpu: { memoryBytes: 2 ** 31, percent: 3 } }),
});

function rowsOf(model: ModelSource, ...sources: RowSource[]): Row[] {
  return buildRows(sources, { figures: new ShownFigures(), members: new ShownMembers(), rates: new ShownRates() }, { models: [model] });
}

describe('the row of a model', () => {
  const cases: [string, ModelSource, RowSource[], string, string][] = [
    ['without a request yet', source(), [], 'for code', 'model.cold.declared'],
    ['that is cold', source({ state: 'cold', instances: [] }), [], 'for code', 'model.cold.declared'],
    [
      'that is cold, and whose memory was measured',
      source({ state: 'cold', instances: [], memory: { memoryBytes: 2 ** 30, gpuMemoryBytes: 6 * 2 ** 30, source: 'measured' } }),
      [],
      'for code  1.0 GB + 6.0 GB GPU',
      'model.cold.declared',
    ],
    [
      'that waits for memory',
      source({ state: 'waiting', instances: [], queued: 2, reason: "waits for 6.0 GB of memory: 'coder' is answering" }),
      [],
      "waits for 6.0 GB of memory: 'coder' is answering  2 waiting",
      'model.busy.declared',
    ],
    ['that waits for its turn', source({ state: 'waiting', instances: [], queued: 2 }), [], 'waiting  2 waiting', 'model.busy.declared'],
    [
      'that is loading',
      source({ state: 'loading', progress: 40 }),
      [server('small')],
      'loading 40 %  5.0 %  1.0 GB  GPU 2.0 GB',
      'model.busy.declared',
    ],
    [
      'that answers, with its speed',
      source({ outstanding: 2, statistics: { requests: 9, failures: 0, inputTokens: 1, outputTokens: 2, tokensPerSecond: 34.06 } }),
      [server('small')],
      'busy 2/4  34.1 tokens/s  5.0 %  1.0 GB  GPU 2.0 GB',
      'model.loaded.declared',
    ],
    [
      'of which two of three servers are ready',
      source({
        wanted: 3,
        instances: [anInstance('small'), anInstance('small#2'), { ...anInstance('small#3'), state: 'loading' }],
      }),
      [server('small'), server('small#2')],
      'ready  2/3 servers  10.0 %  2.0 GB  GPU 4.0 GB',
      'model.loaded.declared',
    ],
    [
      'that could not be loaded, with the server that has failed',
      source({ state: 'failed', instances: [], reason: 'its server exited.\nLast output: x' }),
      [{ ...server('small'), tree: aTree({ name: 'small', pool: 'small', state: 'failed', endedAt: 5 }) }],
      'failed  its server exited.',
      'model.cold.declared',
    ],
    [
      'that is served elsewhere, before it was asked anything',
      { ...elsewhere({ state: 'cold', instances: [] }), description: undefined },
      [],
      'remote api.example.com',
      'model.cold.remote',
    ],
    [
      'that is served elsewhere, with what is left of its budget',
      elsewhere({ budget: { per: 'month', requests: 100, tokens: 5000, usedRequests: 12, usedTokens: 700, renewsAt: 0 } }),
      [],
      'ready  remote api.example.com  12/100 requests, 700/5000 tokens a month',
      'model.loaded.remote',
    ],
  ];
  for (const [what, model, servers, description, context] of cases) {
    it(what, () => {
      const [group] = rowsOf(model, ...servers);
      const [row] = group?.children ?? [];
      assert.deepEqual([group?.label, row?.label, row?.description, row?.context], ['Models', 'small', description, context]);
      assert.deepEqual(
        row?.children.map(({ label }) => label),
        servers.map(({ name }) => (name === 'small' ? 'small#1' : name)),
      );
    });
  }

  it('stands behind processes of its group, and its servers nowhere else', () => {
    const rows = rowsOf(source({}), { name: 'web', declared: true }, { name: 'proxy', declared: true, group: 'Models' }, server('small'));
    assert.deepEqual(
      rows.map(({ label, children }) => [label, ...children.map((child) => child.label)]),
      [['web'], ['Models', 'proxy', 'small']],
    );
  });

  it('is filtered by its words', () => {
    assert.equal(filterModels([source()], 'LLAMA code').length, 1);
    assert.equal(filterModels([source()], 'ollama').length, 0);
  });
});

describe('other clients', () => {
  const gateway = { url: 'http://127.0.0.1:4321', token: 'secret' };

  it('find the gateway in the environment', () =>
    assert.deepEqual(environmentFor(gateway), {
      OPENAI_BASE_URL: 'http://127.0.0.1:4321/v1',
      OPENAI_API_KEY: 'secret',
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:4321',
      ANTHROPIC_API_KEY: 'secret',
    }));

  it('such as Continue find it in a file of their own', () => {
    const file = JSON.parse(continueFile(continueModel(gateway, 'org/small'))) as { models: object[] };
    assert.deepEqual(file.models, [
      { name: 'org/small (Tree Warden)', provider: 'openai', model: 'org/small', apiBase: 'http://127.0.0.1:4321/v1', apiKey: 'secret' },
    ]);
  });

  it('such as llama.vscode find the model’s own server behind it', () => {
    const settings = llamaVscodeSettings(gateway, 'org/small');
    assert.equal(settings['endpoint'], 'http://127.0.0.1:4321/upstream/org%2Fsmall');
    assert.deepEqual(
      [settings['endpoint_chat'], settings['api_key_chat'], settings['ai_model']],
      [settings['endpoint'], 'secret', 'org/small'],
    );
  });
});

describe('a conversation', () => {
  it('is put into OpenAI’s words, with calls of tools and their results', () => {
    const call = { id: 'c1', name: 'stop', input: { process: 'web' } };
    assert.deepEqual(
      asOpenAiMessages([
        { role: 'user', text: 'Stop it', images: [], toolCalls: [], toolResults: [] },
        { role: 'assistant', text: '', images: [], toolCalls: [call], toolResults: [] },
        { role: 'user', text: '', images: [], toolCalls: [], toolResults: [{ id: 'c1', text: 'stopped' }] },
        { role: 'user', text: 'Thanks', images: [], toolCalls: [], toolResults: [{ id: 'c2', text: 'x' }] },
      ]),
      [
        { role: 'user', content: 'Stop it' },
        {
          role: 'assistant',
          content: '',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'stop', arguments: '{"process":"web"}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'stopped' },
        { role: 'tool', tool_call_id: 'c2', content: 'x' },
        { role: 'user', content: 'Thanks' },
      ],
    );
  });

  it('names tools with what they take, even where that is nothing', () => {
    assert.deepEqual(asOpenAiTools([{ name: 'list', description: 'Lists' }]), [
      { type: 'function', function: { name: 'list', description: 'Lists', parameters: { type: 'object', properties: {} } } },
    ]);
  });

  it('is counted about', () => assert.deepEqual([countTokens(''), countTokens('abcd'), countTokens('abcde')], [0, 1, 2]));
});
