import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { BodyError, BodyKeeper } from '../../../src/loopback/body.ts';

const limits = { one: 100, all: 150, idleMillis: 50 };

function request(headers: object = {}): PassThrough & IncomingMessage {
  return Object.assign(new PassThrough(), { headers, complete: true }) as unknown as PassThrough & IncomingMessage;
}

const withStatus =
  (status: number) =>
  (error: unknown): boolean =>
    error instanceof BodyError && error.status === status;

describe('a body that is kept', () => {
  it('is all that came', async () => {
    const sent = request();
    const reading = new BodyKeeper(limits).read(sent);
    for (const part of ['one ', 'two ', 'three']) sent.write(part);
    sent.end();
    assert.equal((await reading).bytes.toString(), 'one two three');
  });

  it('is refused where it says that it is too long', async () => {
    await assert.rejects(new BodyKeeper(limits).read(request({ 'content-length': '101' })), withStatus(413));
  });

  it('is refused where it becomes too long', async () => {
    const sent = request();
    const reading = new BodyKeeper(limits).read(sent);
    for (let part = 0; part < 11; part++) sent.write('0123456789');
    await assert.rejects(reading, withStatus(413));
  });

  it('has its connection closed where it goes on without end after it was refused', async () => {
    const keeper = new BodyKeeper(limits);
    const refused: number[] = [];
    const server = createServer((request, response) => {
      keeper.read(request).catch((error: BodyError) => {
        refused.push(error.status);
        response.writeHead(error.status).end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    // A write to a closed connection may fail before the close is seen; `events.once` would reject with that error.
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const part = 'a\r\n0123456789\r\n';
    // Too long from its beginning on: between two parts, more time may pass than a body may take.
    socket.resume().write(`POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${part.repeat(11)}`);
    const sending = setInterval(() => socket.write(part), 1);
    try {
      await closed;
      assert.deepEqual(refused, [413]);
    } finally {
      clearInterval(sending);
      socket.destroy();
      server.close();
    }
  });

  it('is refused before it comes where it says that there is no room for it', async () => {
    const keeper = new BodyKeeper(limits);
    const first = request();
    const reading = keeper.read(first);
    first.end(Buffer.alloc(80));
    const { release } = await reading;
    await assert.rejects(keeper.read(request({ 'content-length': '71' })), withStatus(503));
    release();
    const second = request({ 'content-length': '71' });
    const again = keeper.read(second);
    second.end(Buffer.alloc(71));
    assert.equal((await again).bytes.length, 71);
  });

  it('is refused where it does not go on', async () => {
    const sent = request();
    const reading = new BodyKeeper(limits).read(sent);
    sent.write('{');
    await assert.rejects(reading, withStatus(408));
  });

  it('is refused where those that are kept are too long together, until one is let go of', async () => {
    const keeper = new BodyKeeper(limits);
    const read = async (): ReturnType<BodyKeeper['read']> => {
      const sent = request();
      const reading = keeper.read(sent);
      sent.end(Buffer.alloc(80));
      return await reading;
    };
    const first = await read();
    await assert.rejects(read(), withStatus(503));
    first.release();
    first.release();
    (await read()).release();
  });
});
