/** Servers elsewhere that answer as none should. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { Models } from '../../../../src/gateway/models.ts';
import type { ModelRequest } from '../../../../src/protocol/models.ts';
import type { Spending } from '../../../../src/protocol/remoteModels.ts';
import { RawServer } from '../../../support/rawServer.ts';

const key = 'sk-very-secret-0123456789';
const budget = { id: 'c'.repeat(32), tokens: 1000, per: 'day' } as const;

function answerOf(body: string, { status = '200 OK', headers = [] as readonly string[] } = {}): string {
  const lines = [`HTTP/1.1 ${status}`, 'content-type: application/json', ...headers, `content-length: ${Buffer.byteLength(body)}`];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

const chatOf = (usage: string): string => `{"choices":[{"message":{"content":"from afar"},"finish_reason":"stop"}],"usage":{${usage}}}`;

class Asked implements AsyncDisposable {
  readonly spent: Spending[] = [];
  readonly #models: Models;
  readonly #far: RawServer;

  static async start(answer: (socket: Socket) => void, changes: Partial<ModelRequest['remote']> = {}): Promise<Asked> {
    return new Asked(await RawServer.start(answer), changes);
  }

  private constructor(far: RawServer, changes: Partial<ModelRequest['remote']>) {
    this.#far = far;
    this.#changes = changes;
    const none = (): never => assert.fail('no server is started here');
    this.#models = new Models({
      launcher: { launch: none, takeOver: none, end: () => Promise.resolve() },
      descriptors: 1024,
      alert: () => undefined,
      onSpent: (_, spent) => void this.spent.push(spent),
    });
  }

  readonly #changes: Partial<ModelRequest['remote']>;

  async ask(path: string, stream = false): Promise<{ readonly status: number; readonly text: string }> {
    const remote = { url: this.#far.url, api: 'openai', key, timeoutMillis: 60_000, ...this.#changes } as const;
    const model: ModelRequest = {
      ...{ name: 'gpt', aliases: [], runtime: 'remote', instances: 1, ttlMillis: 0, preload: false, maxQueue: 10, maxConcurrent: 4 },
      ...{ concurrencyLimit: 0, affinity: false, upstreamName: 'far', translate: ['messages'], remote, budget },
    };
    const { url, token } = await this.#models.declare({ models: [model], gateway: { port: 0 } });
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt', max_tokens: 5, stream, messages: [{ role: 'user', content: 'hello' }] }),
    });
    return { status: response.status, text: await response.text() };
  }

  snapshot() {
    return this.#models.snapshots()[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#models.close();
    await this.#far[Symbol.asyncDispose]();
  }
}

describe('a server elsewhere', () => {
  const lies: [string, string, number][] = [
    ['fewer than none', '"prompt_tokens":5,"completion_tokens":-100000', 5],
    ['parts of a token', '"prompt_tokens":5,"completion_tokens":0.5', 5],
    ['more than can be', '"prompt_tokens":1e999,"completion_tokens":3', 3],
    ['more than a record holds', '"prompt_tokens":5,"completion_tokens":1e15', 5],
  ];
  for (const [what, usage, tokens] of lies)
    it(`that says it has read ${what} takes what it may of the budget, and gives nothing back`, async () => {
      await using asked = await Asked.start((socket) => socket.write(answerOf(chatOf(usage))));
      assert.equal((await asked.ask('/v1/chat/completions')).status, 200);
      assert.deepEqual(
        asked.spent.map(({ requests, tokens: spent }) => [requests, spent]),
        [[1, tokens]],
      );
      assert.equal(asked.snapshot()?.budget?.usedTokens, tokens);
    });

  it('that counts the tokens of a prompt has read none', async () => {
    await using asked = await Asked.start((socket) => socket.write(answerOf('{"input_tokens":9}')));
    const { status, text } = await asked.ask('/v1/messages/count_tokens');
    assert.deepEqual([status, text], [200, '{"input_tokens":9}']);
    assert.deepEqual([asked.spent[0]?.requests, asked.spent[0]?.tokens], [1, 0]);
  });

  for (const path of ['/v1/chat/completions', '/v1/messages'])
    it(`that quotes the key in an error does not tell it to the client of ${path}`, async () => {
      const error = answerOf(JSON.stringify({ error: { message: `Incorrect API key provided: ${key}.` } }), { status: '401 Unauthorized' });
      // It comes in two pieces.
      await using asked = await Asked.start((socket) => {
        socket.write(error.slice(0, -20));
        socket.write(error.slice(-20));
      });
      const { status, text } = await asked.ask(path);
      assert.equal(status, 401);
      assert.match(text, /Incorrect API key provided: \*+\./);
      assert.ok(!text.includes(key));
    });

  it('that says again and again that an answer will come has not answered when the time for it is over', async () => {
    await using asked = await Asked.start(
      (socket) => {
        const telling = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 20);
        socket.once('close', () => clearInterval(telling));
      },
      { timeoutMillis: 200 },
    );
    const { status, text } = await asked.ask('/v1/chat/completions');
    assert.equal(status, 502);
    // On a machine that is busy, none of them may have come for that long.
    assert.match(text, /did not answer: (?:it sends informational responses only,|nothing came) for 0\.2 s/);
    assert.deepEqual([asked.spent, asked.snapshot()?.state], [[], 'failed']);
  });

  for (const stream of [false, true])
    it(`that redirects is no server of chat completions for a client that is ${stream ? 'streamed to' : 'answered'} in translation`, async () => {
      const redirect = answerOf('', { status: '307 Temporary Redirect', headers: ['location: http://127.0.0.1:9/'] });
      await using asked = await Asked.start((socket) => socket.write(redirect));
      const { status, text } = await asked.ask('/v1/messages', stream);
      assert.equal(status, 502);
      assert.match(text, /"type":"api_error","message":"The server answered 307, which is no chat completion\."/);
    });

  it('that answers nothing to a stream in translation is an error in the stream', async () => {
    await using asked = await Asked.start((socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'));
    const { status, text } = await asked.ask('/v1/messages', true);
    assert.equal(status, 200);
    assert.match(text, /event: error\ndata: .*The server ended its answer in the middle/);
  });
});
