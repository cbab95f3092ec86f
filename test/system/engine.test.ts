/** A real inference engine behind the gateway, on a tiny model with random weights; the same with llama-server and Ollama, where they are in the PATH. */
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { engineFolder, hasEngine } from '../../src/build/engine.ts';
import { modelSchema } from '../../src/config/modelSchema.ts';
import { resolveModel } from '../../src/config/resolveModel.ts';
import { writeTinyModel } from '../support/gguf.ts';
import { TestModels } from '../support/models.ts';
import { takeIntoOllama } from '../support/ollama.ts';
import { eventually, isInPath } from '../support/run.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const server = fileURLToPath(new URL('../fixtures/engine/server.mjs', import.meta.url));

interface Engine {
  readonly name: string;
  readonly skip: string | false;
  /** What processes.json would have for a model of this file. */
  readonly spec: Readonly<Record<string, unknown>> & { readonly args?: readonly string[] };
  /** Arguments for one that embeds: some versions do nothing else then. */
  readonly embedding?: readonly string[];
  /** Arguments for one that ranks, where it can. */
  readonly ranking?: readonly string[];
  readonly savesPrompts?: boolean;
  /** Makes a file known to one that has a store of its own, in a folder that stands for its user's; gives the file that it loads. */
  readonly take?: (file: string, home: string) => Promise<string>;
  /** What its client is told of a file that is broken. */
  readonly broken: RegExp;
}

const diesOfBrokenFile = /'tiny' could not be loaded: its server (exited with code 1|ended by SIGABRT) before it was ready\. Last output:/;

const engines: readonly Engine[] = [
  {
    name: 'llama.cpp in Node',
    skip: hasEngine ? false : 'there is no prebuilt one for this machine',
    spec: {
      runtime: 'custom',
      command: [process.execPath, server, '--engine', engineFolder, '--model', '${model}', '--port', '${port}', '--name', '${name}'],
      ready: { http: 'http://127.0.0.1:${port}/health' },
    },
    broken: diesOfBrokenFile,
  },
  {
    name: 'llama-server',
    skip: isInPath('llama-server') ? false : 'it is not in the PATH',
    // It refuses to hand on what is no UTF-8, which random weights say sooner or later.
    spec: { runtime: 'llama.cpp', contextSize: 2048, args: ['--parallel', '4', '--threads', '1', '--grammar', 'root ::= [ -~]+'] },
    embedding: ['--embeddings', '--pooling', 'mean'],
    ranking: ['--embeddings', '--pooling', 'rank'],
    savesPrompts: true,
    broken: diesOfBrokenFile,
  },
  {
    name: 'Ollama',
    skip: isInPath('ollama') ? false : 'it is not in the PATH',
    spec: {
      runtime: 'ollama',
      model: 'tiny',
      env: { HOME: '${workspaceFolder}', OLLAMA_MODELS: '${workspaceFolder}/models' },
      contextSize: 512,
    },
    take: (file, home) => takeIntoOllama('tiny', file, home),
    broken: /'tiny' could not be loaded: its server answered 500: \w/,
  },
];

const textOf = ({ content }: Anthropic.Message): string => content.map((block) => (block.type === 'text' ? block.text : '')).join('');

interface Answer {
  readonly choices: readonly { readonly message: { readonly content: string } }[];
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number };
}

for (const { name, skip, spec, embedding = [], ranking, savesPrompts = false, take, broken } of engines) {
  describe(`with ${name}`, { skip }, () => {
    /** Models of the tiny file, as processes.json would declare them. */
    async function serve(models: Readonly<Record<string, object>>, damage: (file: string) => void = () => undefined): Promise<TestModels> {
      const warden = await TestWarden.start();
      const folder = warden.run.workFolder;
      const file = join(folder, 'tiny.gguf');
      writeTinyModel(file);
      damage((await take?.(file, folder)) ?? file);
      const context = { workspaceFolder: folder, env: process.env, portFor: () => Promise.resolve(0) };
      const requests = Object.entries(models).map(([model, keys]) =>
        resolveModel(model, modelSchema.parse({ model: 'tiny.gguf', ...spec, stop: ['SIGTERM', '2s'], ...keys }), context),
      );
      return await TestModels.of(warden, await Promise.all(requests));
    }

    const ask = (content: string, changes: object = {}) => ({
      model: 'tiny',
      max_tokens: 12,
      messages: [{ role: 'user', content }],
      ...changes,
    });

    it('loads, and answers', async () => {
      await using models = await serve({ tiny: {} });
      const response = await models.ask('/v1/chat/completions', ask('hello'));
      const { choices, usage } = (await response.json()) as Answer;
      assert.equal(response.status, 200);
      assert.ok((choices[0]?.message.content.length ?? 0) > 0);
      assert.ok(usage.completion_tokens > 0 && usage.prompt_tokens > 0, JSON.stringify(usage));
      const { statistics } = await models.model('tiny');
      assert.deepEqual([statistics.inputTokens, statistics.outputTokens], [usage.prompt_tokens, usage.completion_tokens]);
    });

    it('streams', async () => {
      await using models = await serve({ tiny: {} });
      const response = await models.ask('/v1/chat/completions', ask('hello', { stream: true, stream_options: { include_usage: true } }));
      const text = await response.text();
      assert.ok((text.match(/^data: \{/gm)?.length ?? 0) >= 3, text);
      assert.match(text, /^data: \[DONE\]$/m);
      const { statistics } = await models.model('tiny');
      assert.ok(statistics.outputTokens > 0 && statistics.firstTokenMillis !== undefined, JSON.stringify(statistics));
    });

    it('answers the official clients of messages and responses', async () => {
      await using models = await serve({ tiny: {} });
      const { url, token: apiKey } = models.gateway;
      const anthropic = new Anthropic({ baseURL: url, apiKey, maxRetries: 0 });
      const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
      const messages = ask('hello', { system: 'Be brief.' }) as Anthropic.MessageCreateParamsNonStreaming;
      const whole = await anthropic.messages.create(messages);
      const message = await anthropic.messages.stream(messages).finalMessage();
      const responses = { model: 'tiny', input: 'hello', instructions: 'Be brief.', max_output_tokens: 12 };
      const response = await openai.responses.create(responses);
      const streamed = await openai.responses.stream(responses).finalResponse();
      for (const text of [textOf(whole), textOf(message), response.output_text, streamed.output_text]) assert.ok(text.length > 0);
      const { statistics } = await models.until('tiny', (model) => model.statistics.requests === 4);
      const counts = [whole.usage, message.usage, response.usage, streamed.usage].map((usage) => usage?.output_tokens ?? 0);
      assert.ok(
        counts.every((count) => count > 0),
        JSON.stringify(counts),
      );
      assert.deepEqual([statistics.outputTokens, statistics.failures], [counts.reduce((sum, count) => sum + count), 0]);
    });

    it('embeds, the same text in the same way', async () => {
      await using models = await serve({ tiny: { args: [...(spec.args ?? []), ...embedding] } });
      const response = await models.ask('/v1/embeddings', { model: 'tiny', input: ['one', 'two', 'one'] });
      const { data } = (await response.json()) as { data: { embedding: number[] }[] };
      const [one = [], two = [], again = []] = data.map(({ embedding }) => embedding);
      const distance = (a: number[], b: number[]): number => Math.hypot(...a.map((value, index) => value - (b[index] ?? 0)));
      assert.equal(one.length, 64);
      assert.ok(distance(one, again) < 1e-3 && distance(one, two) > 1e-3);
    });

    it('ranks', { skip: !ranking && 'it cannot' }, async () => {
      await using models = await serve({ tiny: { args: [...(spec.args ?? []), ...(ranking ?? [])] } });
      const response = await models.ask('/v1/rerank', { model: 'tiny', query: 'one', documents: ['one', 'two'] });
      const { results } = (await response.json()) as { results: { index: number; relevance_score: number }[] };
      assert.deepEqual(results.map(({ index }) => index).sort(), [0, 1]);
    });

    it('gives up what its client gives up', async () => {
      await using models = await serve({ tiny: {} });
      const leaving = new AbortController();
      const response = await models.ask('/v1/chat/completions', ask('hello', { stream: true, max_tokens: 200 }), {}, leaving.signal);
      await response.body?.getReader().read();
      leaving.abort();
      await models.until('tiny', ({ outstanding }) => outstanding === 0);
      assert.equal((await models.ask('/v1/chat/completions', ask('again', { max_tokens: 2 }))).status, 200);
    });

    it('says why a file that is broken cannot be loaded', async () => {
      await using models = await serve({ tiny: {} }, (file) => truncateSync(file, 100_000));
      const { status, text } = await models.chat('tiny', 'hello');
      assert.equal(status, 424);
      assert.match(text, broken);
    });

    it('tells its client when the server is killed in the middle of an answer', async () => {
      await using models = await serve({ tiny: {} });
      await models.warden.client.loadModel('tiny');
      const answering = models.ask('/v1/chat/completions', ask('hello', { stream: true, max_tokens: 200 }));
      const response = await answering;
      const reader = response.body?.getReader();
      const { value } = (await reader?.read()) ?? {};
      const [tree] = await models.warden.client.list();
      assert.ok(tree?.leader);
      process.kill(tree.leader.pid, 'SIGKILL');
      let text = Buffer.from(value ?? new Uint8Array()).toString();
      for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read())
        text += Buffer.from(piece.value).toString();
      // Either it was quicker, or it is told.
      assert.match(text, /"message":"The server of 'tiny' ended by SIGKILL before it had answered\."|\[DONE\]/);
      // What is asked in the very moment of the end may be told of it, too: it may have reached the server.
      await models.until('tiny', ({ instances }) => !instances.some((instance) => instance.tree === tree.id));
      assert.equal((await models.ask('/v1/chat/completions', ask('again', { max_tokens: 2 }))).status, 200);
    });

    it('is a pool of three', async () => {
      await using models = await serve({ tiny: { instances: 3, maxConcurrent: 1 } });
      await models.warden.client.loadModel('tiny');
      await models.until('tiny', ({ capacity }) => capacity === 3);
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, index) => models.ask('/v1/chat/completions', ask(`hello ${index}`))),
      );
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
      await Promise.all(answers.map((answer) => answer.text()));
    });

    for (const onSwap of ['save', 'stop'])
      it(`reads a prompt ${onSwap === 'save' ? 'once' : 'anew'} where a swap is to ${onSwap}`, {
        skip: !savesPrompts && 'it cannot',
      }, async () => {
        const swap = { exclusive: 'memory', onSwap };
        await using models = await serve({ tiny: swap, other: { exclusive: 'memory' } });
        const prompt = 'All of this has to be read before there is an answer. '.repeat(4);
        const read = async (model: string): Promise<number> => {
          const response = await models.ask('/v1/chat/completions', ask(prompt, { model, max_tokens: 2 }));
          return ((await response.json()) as { timings: { prompt_n: number } }).timings.prompt_n;
        };
        const [first] = [await read('tiny'), await read('other')];
        const again = await read('tiny');
        assert.ok(first > 200, `${first} tokens`);
        assert.ok(onSwap === 'save' ? again < 20 : again > 200, `${again} tokens`);
      });

    it('is swapped for another, and unloaded when no request comes', async () => {
      await using models = await serve({ tiny: { exclusive: 'memory', ttl: '500ms' }, other: { exclusive: 'memory', ttl: '500ms' } });
      for (const model of ['tiny', 'other', 'tiny']) {
        const response = await models.ask('/v1/chat/completions', ask('hello', { model, max_tokens: 4 }));
        assert.equal(response.status, 200, await response.text());
      }
      assert.equal((await models.model('other')).state, 'cold');
      await models.until('tiny', ({ state }) => state === 'cold');
      await eventually('no process is left', async () => (await survivorsAfterLooking(models.warden.run.workFolder)).length === 0);
    });
  });
}
