import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ModelSpec } from '../../../src/config/modelSchema.ts';
import { type ParsedProcesses, parseProcesses } from '../../../src/config/parseProcesses.ts';
import { homeFolder } from '../../../src/protocol/homeFolder.ts';
import type { ServedModel } from '../../../src/protocol/models.ts';
import { startRequest } from '../../../src/warden/models/startRequest.ts';
import { resolveServed } from '../../support/models.ts';

const folder = mkdtempSync(join(tmpdir(), 'tw-models-'));
writeFileSync(join(folder, 'small.gguf'), 'GGUF\n');
after(() => rmSync(folder, { recursive: true }));

const context = { workspaceFolder: folder, env: { SIZE: '8192' }, portFor: () => Promise.resolve(1) };

function specOf(keys: object): ModelSpec {
  const { models, problems } = parseProcesses(JSON.stringify({ models: { small: keys } }));
  const spec = models.get('small');
  assert.ok(spec, JSON.stringify(problems));
  return spec;
}

const resolved = (keys: object): Promise<ServedModel> => resolveServed('small', specOf(keys), context);

describe('the command of a model', () => {
  const cases: [string, object, readonly string[]][] = [
    [
      'by llama.cpp, from a file',
      { runtime: 'llama.cpp', model: 'small.gguf', args: ['--ctx-size', '${env:SIZE}'] },
      [
        ...['llama-server', '--host', '127.0.0.1', '--port', '4321', '--alias', 'small', '--metrics'],
        ...['--model', join(folder, 'small.gguf'), '--ctx-size', '8192'],
      ],
    ],
    [
      'by llama.cpp, from a registry',
      { runtime: 'llama.cpp', model: 'org/small-GGUF:Q4_K_M' },
      ['llama-server', '--host', '127.0.0.1', '--port', '4321', '--alias', 'small', '--metrics', '--hf-repo', 'org/small-GGUF:Q4_K_M'],
    ],
    ['by Ollama', { runtime: 'ollama', model: 'llama3.2' }, ['ollama', 'serve']],
    [
      'by vLLM',
      { runtime: 'vllm', model: 'org/small', args: ['--max-model-len', '4096'] },
      [
        ...['vllm', 'serve', 'org/small', '--host', '127.0.0.1', '--port', '4321', '--served-model-name', 'small'],
        ...['--max-model-len', '4096'],
      ],
    ],
    [
      'by vLLM, with a size',
      { runtime: 'vllm', model: 'org/small', contextSize: 16_384 },
      [
        ...['vllm', 'serve', 'org/small', '--host', '127.0.0.1', '--port', '4321', '--served-model-name', 'small'],
        ...['--max-model-len', '16384'],
      ],
    ],
    [
      'by SGLang, with a size',
      { runtime: 'sglang', model: 'org/small', contextSize: 16_384 },
      [
        ...['sglang', 'serve', '--model-path', 'org/small', '--host', '127.0.0.1', '--port', '4321', '--served-model-name', 'small'],
        ...['--enable-metrics', '--context-length', '16384'],
      ],
    ],
    [
      'by MLX, whose servers take no size',
      { runtime: 'mlx', model: 'org/small', contextSize: 16_384 },
      ['mlx_lm.server', '--model', 'org/small', '--host', '127.0.0.1', '--port', '4321'],
    ],
    [
      'by whisper.cpp',
      { runtime: 'whisper.cpp', model: 'small.gguf', args: ['--convert'] },
      [
        ...['whisper-server', '--host', '127.0.0.1', '--port', '4321', '--model', join(folder, 'small.gguf')],
        ...['--inference-path', '/v1/audio/transcriptions', '--convert'],
      ],
    ],
    [
      'by stable-diffusion.cpp',
      { runtime: 'stable-diffusion.cpp', model: 'small.gguf' },
      ['sd-server', '--listen-ip', '127.0.0.1', '--listen-port', '4321', '--model', join(folder, 'small.gguf')],
    ],
    [
      'by llama.cpp, with a size that its arguments may overrule',
      { runtime: 'llama.cpp', model: 'x/y', contextSize: 16_384, args: ['--ctx-size', '8192'] },
      [
        ...['llama-server', '--host', '127.0.0.1', '--port', '4321', '--alias', 'small', '--metrics', '--hf-repo', 'x/y'],
        ...['--ctx-size', '16384', '--ctx-size', '8192'],
      ],
    ],
    [
      'of one’s own',
      { runtime: 'custom', model: 'small.gguf', command: ['serve', '-m', '${model}', '-p', '${port}', '-n', '${name}'] },
      ['serve', '-m', join(folder, 'small.gguf'), '-p', '4321', '-n', 'small'],
    ],
  ];
  for (const [what, keys, argv] of cases) it(what, async () => assert.deepEqual(startRequest(await resolved(keys), 1, 4321).argv, argv));
});

describe('a model', () => {
  it('has defaults', async () => {
    const { start, ...rest } = await resolved({ runtime: 'vllm', model: 'org/small' });
    assert.deepEqual(rest, {
      name: 'small',
      aliases: [],
      runtime: 'vLLM',
      instances: 1,
      ttlMillis: 0,
      preload: false,
      maxQueue: 100,
      maxConcurrent: 4,
      concurrencyLimit: 0,
      affinity: false,
      upstreamName: 'small',
      factRequests: [{ path: '/v1/models' }],
      progress: '(\\d+)% Completed',
      metricsPath: '/metrics',
      install: 'pip install vllm, in an environment that is in the PATH.',
    });
    assert.deepEqual([start.group, start.pool, start.stdio], ['Models', 'small', 'pipes']);
    assert.equal(start.ready?.deadlineMillis, 600_000);
  });

  it('is asked for its health at the port of each of its servers', async () => {
    const model = await resolved({ runtime: 'llama.cpp', model: 'small.gguf' });
    assert.deepEqual(startRequest(model, 1, 4321).ready?.check, { by: 'http', url: 'http://127.0.0.1:4321/health' });
    const second = startRequest(model, 2, 4322);
    assert.deepEqual([second.name, second.pool, second.env['TREE_WARDEN_INSTANCE']], ['small#2', 'small', '2']);
    assert.deepEqual(second.ready?.check, { by: 'http', url: 'http://127.0.0.1:4322/health' });
    const byPort = await resolved({ runtime: 'custom', command: ['x', '${port}'], ready: { tcp: '${port}' } });
    assert.deepEqual(startRequest(byPort, 1, 4321).ready?.check, { by: 'tcp', host: '127.0.0.1', port: 4321 });
    const watched = await resolved({ runtime: 'ollama', model: 'x', alive: { exec: ['ping', '${port}'] } });
    assert.deepEqual(startRequest(watched, 1, 4321).alive?.check, { by: 'exec', argv: ['ping', '4321'] });
  });

  const readyPaths: [string, string][] = [
    ['llama.cpp', '/health'],
    ['ollama', '/api/version'],
    ['vllm', '/health'],
    ['sglang', '/health'],
    ['mlx', '/health'],
    ['whisper.cpp', '/'],
    ['stable-diffusion.cpp', '/v1/models'],
  ];
  for (const [runtime, path] of readyPaths)
    it(`of ${runtime} is ready when ${path} answers`, async () => {
      const { ready } = startRequest(await resolved({ runtime, model: 'x' }), 1, 4321);
      assert.deepEqual(ready?.check, { by: 'http', url: `http://127.0.0.1:4321${path}` });
    });

  it('of MLX, whose server answers before the model is loaded, is loaded by a first token', async () => {
    const { upstreamName, loadRequest, gpus } = await resolved({ runtime: 'mlx', model: 'org/small', gpus: [0] });
    assert.equal(upstreamName, 'org/small');
    assert.deepEqual(loadRequest, { path: '/v1/completions', body: { model: 'org/small', prompt: '.', max_tokens: 1 } });
    assert.deepEqual(gpus, { numbers: [0], variables: [] });
  });

  it('of Ollama has a server of its own, which is told to load it, and knows it by Ollama’s name', async () => {
    const model = await resolved({ runtime: 'ollama', model: 'llama3.2', env: { OLLAMA_MODELS: '/m' } });
    assert.deepEqual(startRequest(model, 1, 4321).env, {
      TREE_WARDEN_INSTANCE: '1',
      OLLAMA_HOST: '127.0.0.1:4321',
      OLLAMA_KEEP_ALIVE: '-1',
      OLLAMA_MODELS: '/m',
    });
    const sized = await resolved({ runtime: 'ollama', model: 'llama3.2', contextSize: 8192 });
    assert.equal(startRequest(sized, 1, 4321).env['OLLAMA_CONTEXT_LENGTH'], '8192');
    assert.equal(model.upstreamName, 'llama3.2');
    assert.deepEqual(model.loadRequest, {
      path: '/api/generate',
      body: { model: 'llama3.2', keep_alive: -1 },
      whenMissing: 'Fetch it by: ollama pull llama3.2',
    });
  });

  const shares: [string, number[], number, (string | undefined)[]][] = [
    ['one server gets all of them', [0, 1], 1, ['0,1']],
    ['two servers get one each', [0, 1], 2, ['0', '1']],
    ['two servers get two each', [4, 5, 6, 7], 2, ['4,6', '5,7']],
    ['three servers share two', [0, 1], 3, ['0', '1', '0']],
    ['one that was added later shares them, too', [0, 1], 2, ['0', '1', '0']],
    ['where there are to be none, there is none', [], 2, ['-1', '-1']],
  ];
  for (const [what, gpus, instances, expected] of shares)
    it(`of whose GPUs ${what}`, async () => {
      const model = await resolved({ runtime: 'llama.cpp', model: 'small.gguf', gpus, instances });
      const environments = expected.map((_, index) => startRequest(model, index + 1, 4321).env);
      for (const variable of ['CUDA_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES', 'GGML_VK_VISIBLE_DEVICES'])
        assert.deepEqual(
          environments.map((env) => env[variable]),
          expected,
        );
      // Or the numbers would mean the fastest first.
      assert.equal(environments[0]?.['CUDA_DEVICE_ORDER'], 'PCI_BUS_ID');
    });

  it('whose environment says which GPUs it may use keeps to that', async () => {
    const model = await resolved({ runtime: 'vllm', model: 'x', gpus: [0], env: { CUDA_VISIBLE_DEVICES: 'GPU-1234' } });
    assert.equal(startRequest(model, 1, 4321).env['CUDA_VISIBLE_DEVICES'], 'GPU-1234');
  });

  it('that is a file has to be there', () =>
    assert.rejects(resolved({ runtime: 'llama.cpp', model: 'models/none.gguf' }), {
      message: `There is no model file ${join(folder, 'models/none.gguf')}.`,
    }));

  it('has the facts that its file tells, and asks its server for the others', async () => {
    const { facts, factRequests } = await resolved({
      runtime: 'llama.cpp',
      model: 'small.gguf',
      contextSize: 4096,
      capabilities: ['tools'],
    });
    assert.deepEqual(facts, { contextSize: 4096, capabilities: ['tools'], sizeBytes: 5 });
    assert.deepEqual(factRequests, [{ path: '/v1/models' }, { path: '/props' }]);
    const ollama = await resolved({ runtime: 'ollama', model: 'llama3.2' });
    assert.deepEqual(
      [ollama.facts, ollama.factRequests],
      [undefined, [{ path: '/api/show', body: { model: 'llama3.2' } }, { path: '/api/ps' }]],
    );
  });

  it('has the memory that is declared, and an estimate by its file', async () => {
    const { memory, isPinned, rank, estimatedBytes } = await resolved({
      ...{ runtime: 'llama.cpp', model: 'small.gguf', memory: '6g', gpuMemory: '512 MB', pin: true, rank: -1 },
    });
    assert.deepEqual([memory, isPinned, rank], [{ memoryBytes: 6 * 2 ** 30, gpuMemoryBytes: 2 ** 29 }, true, -1]);
    assert.equal(estimatedBytes, 6, 'five bytes, and a tenth');
    const named = await resolved({ runtime: 'ollama', model: 'llama3.2', pin: false });
    assert.deepEqual([named.memory, named.isPinned, named.estimatedBytes], [undefined, undefined, undefined]);
  });

  it('says what is translated for it', async () => {
    assert.deepEqual((await resolved({ runtime: 'ollama', model: 'x', translate: ['responses'] })).translate, ['responses']);
    assert.ok(!('translate' in (await resolved({ runtime: 'ollama', model: 'x' }))));
  });

  it('has the changes of its requests, and its variants', async () => {
    const request = { set: { temperature: 0.2, stop: ['a', { b: null }] }, strip: ['user'] };
    const { changes, variants } = await resolved({
      runtime: 'ollama',
      model: 'x',
      request,
      variants: { 'small:high': { set: { think: true } } },
    });
    assert.deepEqual(JSON.parse(JSON.stringify(changes)), request);
    assert.deepEqual(variants, [{ name: 'small:high', set: { think: true } }]);
  });

  it('that saves its prompts is told where', async () => {
    const spec = { runtime: 'llama.cpp', model: 'small.gguf', exclusive: 'gpu', onSwap: 'save' };
    const one = await resolved(spec);
    assert.deepEqual(one.prompts, { file: join(folder, 'small.gguf'), option: '--slot-save-path' });
    assert.deepEqual(startRequest(one, 1, 4321, '/prompts').argv.slice(-2), ['--slot-save-path', '/prompts']);
    assert.ok(!startRequest(await resolved({ ...spec, onSwap: 'stop' }), 1, 4321, '/prompts').argv.includes('/prompts'));
    await assert.rejects(
      resolved({ ...spec, model: 'org/small-GGUF' }),
      /'small' cannot have "onSwap": "save": only of a model that is a file/,
    );
  });

  it('of all windows is started in the home folder', async () => {
    const { scope, start } = await resolved({ runtime: 'ollama', model: 'x', scope: 'user' });
    assert.deepEqual([scope, start.cwd], ['user', homeFolder()]);
    assert.equal((await resolved({ runtime: 'ollama', model: 'x', scope: 'user', cwd: '.' })).start.cwd, folder);
    assert.equal((await resolved({ runtime: 'ollama', model: 'x', scope: 'window' })).start.cwd, folder);
  });

  const wrong: [string, object, RegExp][] = [
    [
      'another name of the model set',
      { runtime: 'ollama', model: 'x', request: { set: { model: 'y' } } },
      /^models\.small\.request\.set\.model: cannot be changed/,
    ],
    [
      'the name of the model taken out',
      { runtime: 'ollama', model: 'x', variants: { a: { strip: ['model'] } } },
      /^models\.small\.variants\.a\.strip\.0: cannot be changed/,
    ],
    [
      'a capability that is none',
      { runtime: 'ollama', model: 'x', capabilities: ['magic'] },
      /^models\.small\.capabilities\.0: must be one of completion, tools, /,
    ],
    [
      'a path that is not translated',
      { runtime: 'ollama', model: 'x', translate: ['embeddings'] },
      /^models\.small\.translate\.0: must be one of messages, responses$/,
    ],
    [
      'a model of a window that is to be kept after it',
      { runtime: 'ollama', model: 'x', keepAfterClose: '5m' },
      /^models\.small\.keepAfterClose: needs "scope": "user": a server of a window ends with it$/,
    ],
    [
      'a model that is to be kept for ever',
      { runtime: 'ollama', model: 'x', scope: 'user', keepAfterClose: '25h' },
      /^models\.small\.keepAfterClose: must be at most "1d"$/,
    ],
    ['a scope that is none', { runtime: 'ollama', model: 'x', scope: 'machine' }, /^models\.small\.scope: must be "window" or "user"$/],
    ['a variant without a name', { runtime: 'ollama', model: 'x', variants: { '': {} } }, /^models\.small\.variants/],
    [
      'no runtime that is known',
      { runtime: 'lmstudio', model: 'x' },
      /^models\.small\.runtime: must be one of llama\.cpp, ollama, vllm, sglang, mlx, whisper\.cpp, stable-diffusion\.cpp, custom, remote$/,
    ],
    ['no model', { runtime: 'ollama' }, /^models\.small: must have a model: a file, or a name that the runtime knows$/],
    ['no command of its own', { runtime: 'custom' }, /^models\.small: must have a command, because its runtime is custom$/],
    [
      'a command that is not told where to listen',
      { runtime: 'custom', command: ['serve', '-p', '8080'], args: ['-v'], env: { HOST: '127.0.0.1' }, ready: { tcp: '${port}' } },
      /^models\.small\.command: must have \$\{port\} in it, or in args or env: each server is told by it where to listen, and is asked there$/,
    ],
    [
      'a command where the runtime has one',
      { runtime: 'vllm', model: 'x', command: ['y'] },
      /^models\.small\.command: belongs to the runtime "custom"/,
    ],
    [
      'a size that is not declared',
      { runtime: 'custom', command: ['serve', '${port}', '-c', '${contextSize}'] },
      /^models\.small\.command: asks for \$\{contextSize\}, which is not declared$/,
    ],
    [
      'prompts saved by a runtime that cannot',
      { runtime: 'ollama', model: 'x', exclusive: 'gpu', onSwap: 'save' },
      /^models\.small\.onSwap: cannot be "save": the runtime ollama saves no prompts$/,
    ],
    [
      'a key that is none',
      { runtime: 'vllm', model: 'x', replicas: 2 },
      /^models\.small: there is no key 'replicas'\. Did you mean "instances"\? Known are runtime, model, command, args, /,
    ],
  ];
  for (const [what, keys, message] of wrong) {
    it(`with ${what} is a mistake in the file`, () => {
      const { models, problems } = parseProcesses(JSON.stringify({ models: { small: keys } }));
      assert.match(problems.map((problem) => problem.message).join('\n'), message);
      assert.equal(models.size, 0);
    });
  }

  it('has a name that no process has', () => {
    const text = JSON.stringify({ processes: { small: { command: 'x' } }, models: { small: { runtime: 'ollama', model: 'x' } } });
    const { models, specs, problems } = parseProcesses(text);
    assert.deepEqual(
      problems.map(({ message }) => message),
      ['models.small: a process has this name; its servers could not be told from it'],
    );
    assert.deepEqual([specs.size, models.size], [1, 0]);
  });

  it('shares a budget with the others, of which the person has the last word', () => {
    const team = { memory: '48g', gpuMemory: ['24g', '80g'] };
    const gatewayWith = (gateway: unknown, local?: unknown, before?: ParsedProcesses): ParsedProcesses => {
      const files = { local: { path: '/w/.vscode/processes.local.json', text: JSON.stringify({ gateway: local }) } };
      return parseProcesses(JSON.stringify({ models: {}, gateway }), before, local === undefined ? {} : files);
    };
    const gigabyte = 2 ** 30;
    const expected = { memory: 48 * gigabyte, gpuMemory: [24 * gigabyte, 80 * gigabyte] };
    assert.deepEqual(gatewayWith(team).gateway, expected);
    assert.deepEqual(gatewayWith(undefined).gateway, {});
    assert.deepEqual(gatewayWith(team, { memory: '16g' }).gateway, { ...expected, memory: 16 * gigabyte });
    assert.deepEqual(gatewayWith(team, null).gateway, {}, 'null takes it back');
    const broken = gatewayWith({ memory: 'much' }, undefined, gatewayWith(team));
    assert.deepEqual(
      [broken.problems.map(({ message }) => message), broken.gateway],
      [["gateway.memory: 'much' is not a size: write a number with k, m, g or t, such as 512m"], expected],
    );
    assert.match(gatewayWith({ gpuMemory: [] }).problems[0]?.message ?? '', /^gateway\.gpuMemory: must have a size for each GPU$/);
    assert.match(gatewayWith({ memory: 24 }).problems[0]?.message ?? '', /^gateway\.memory: /, 'it is no number of gigabytes');
  });

  it('that is broken keeps what it was before', () => {
    const before = parseProcesses(JSON.stringify({ models: { small: { runtime: 'ollama', model: 'x' } } }));
    const { models } = parseProcesses(JSON.stringify({ models: { small: { runtime: 'ollama' } } }), before);
    assert.equal(models.get('small')?.model, 'x');
  });
});
