/** A request that is sent again. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { type ReplayEnd, replay } from '../../../src/client/replay.ts';

async function replayed(
  answer: RequestListener,
  onText: (text: string, leaving: AbortController) => void = () => undefined,
): Promise<{ readonly end: ReplayEnd | Error; readonly text: string }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const leaving = new AbortController();
  let text = '';
  const take = (more: string): void => {
    text += more;
    onText(more, leaving);
  };
  const end = await replay(
    { url, path: '/v1/x?y=1', contentType: 'application/json', body: '{"a":1}' },
    'hush',
    take,
    leaving.signal,
  ).catch((error: Error) => error);
  server.close();
  server.closeAllConnections();
  return { end, text };
}

describe('a request that is sent again', () => {
  it('says what it said, with the key, and hands its answer on, errors too', async () => {
    let got: unknown;
    const { end, text } = await replayed((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk;
      });
      request.on('end', () => {
        const { authorization, 'content-type': type } = request.headers;
        got = { method: request.method, url: request.url, authorization, type, body };
        response.writeHead(422).end('{"error":"no"}');
      });
    });
    assert.deepEqual(got, { method: 'POST', url: '/v1/x?y=1', authorization: 'Bearer hush', type: 'application/json', body: '{"a":1}' });
    assert.deepEqual([end, text], [{ status: 422, isCut: false }, '{"error":"no"}']);
  });

  it('is read to its end where that is far away, and shown as its beginning', async () => {
    const { end, text } = await replayed((_request, response) => response.end('x'.repeat(2 ** 20)));
    assert.deepEqual([end, text.length], [{ status: 200, isCut: true }, 256 * 1024]);
  });

  it('can be stopped', async () => {
    const { end } = await replayed(
      (_request, response) => response.write('begun'),
      (_text, leaving) => leaving.abort(),
    );
    assert.equal((end as Error).name, 'AbortError');
  });
});
