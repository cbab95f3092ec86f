import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, it } from 'node:test';
import { Gateway } from '../../../src/gateway/gateway.ts';
import { eventually } from '../../support/run.ts';

const nothingServed = { all: [], names: 'none', find: () => undefined };

describe('a request for which there is no room at present', () => {
  const cases: [string, string, object][] = [
    ['/v1/chat/completions', 'OpenAI', { type: 'server_error', param: null, code: 'unavailable' }],
    ['/v1/messages', 'Anthropic', { type: 'overloaded_error' }],
  ];
  for (const [path, maker, expected] of cases)
    it(`is refused as ${maker}’s clients know it, and they are told when to come again`, async () => {
      const gateway = await Gateway.open(nothingServed, { port: 0 }, 1024, { one: 100, all: 150, idleMillis: 60_000 });
      const headers = { authorization: `Bearer ${gateway.info.token}` };
      const url = `${gateway.info.url}${path}`;
      const waiting = request(url, { method: 'POST', headers }).on('error', () => undefined);
      waiting.write(Buffer.alloc(90));
      try {
        const refused = await eventually('the first has come', async () => {
          const response = await fetch(url, { method: 'POST', headers, body: Buffer.alloc(90) });
          // Before the first one it is read, and is no JSON.
          if (response.status !== 503) await response.text();
          return response.status === 503 && response;
        });
        assert.equal(refused.headers.get('retry-after'), '5');
        const { error } = (await refused.json()) as { error: { message: string } };
        const message = 'Requests that wait for their answers fill the 150 bytes that are kept of them; try again in a moment.';
        assert.deepEqual(error, { ...expected, message });
      } finally {
        waiting.destroy();
        await gateway.close();
      }
    });
});
