import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { type PullStatus, pullText, streamPull } from '../../../src/client/pullStream.ts';

/** What is said of an answer in these pieces. */
async function pulled(status: number, pieces: readonly string[]): Promise<readonly PullStatus[]> {
  const server = createServer(async (request, response) => {
    assert.equal(`${request.method} ${request.url} ${await new Response(request as never).text()}`, 'POST /api/pull {"model":"x"}');
    response.writeHead(status);
    for (const piece of pieces) {
      response.write(piece);
      // Each by itself.
      await new Promise(setImmediate);
    }
    response.end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const said: PullStatus[] = [];
  try {
    const { port } = server.address() as AddressInfo;
    await streamPull(port, { path: '/api/pull', body: { model: 'x' } }, (one) => said.push(one), new AbortController().signal);
    return said;
  } finally {
    server.close();
  }
}

describe('a download by a server', () => {
  it('says how far it is, in lines that may come in pieces', async () => {
    const said = await pulled(200, [
      '{"status":"pulling manifest"}\n{"status":"pulling 6a07","digest":"sha256:6a07","total":2000,',
      '"completed":500}\n\n{"status":"pulling 6a07","total":2000}\n',
      '{"status":"success"}',
    ]);
    assert.deepEqual(said.map(pullText), ['pulling manifest', 'pulling 6a07: 25 % of 2.0 KB', 'pulling 6a07: 0 % of 2.0 KB', 'success']);
  });

  const failures: [string, number, readonly string[], RegExp][] = [
    [
      'with an error of its own',
      200,
      ['{"status":"pulling manifest"}\n{"error":"pull model manifest: file does not exist"}\n'],
      /^pull model manifest: file does not exist$/,
    ],
    ['with a status', 500, ['{"error":"no space left"}'], /^it answered 500: no space left$/],
    ['in the middle', 200, ['{"status":"pulling 6a07","total":2000,"completed":5}\n'], /^its answer ended before the download had$/],
    ['without a word', 200, [], /^its answer ended before the download had$/],
    ['with what is no JSON', 200, ['<html>\n'], /^it answers with what is no JSON: <html>$/],
    ['with a line without an end', 200, ['x'.repeat(100_001)], /^it answers with a line of more than 100000 characters$/],
    ['with JSON that is no object', 200, ['null\n7\n{"status":7}\n'], /^its answer ended before/],
  ];
  for (const [what, status, pieces, message] of failures)
    it(`fails where that ends ${what}`, () => assert.rejects(pulled(status, pieces), ({ message: text }: Error) => message.test(text)));

  it('is given up', async () => {
    const leaving = new AbortController();
    const pulling = streamPull(1, { path: '/api/pull', body: {} }, () => undefined, leaving.signal);
    leaving.abort(new Error('it is not wanted'));
    await assert.rejects(pulling, /it is not wanted/);
  });
});
