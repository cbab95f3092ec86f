import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { RawEndpoint } from '../../../../src/warden/trees/rawEndpoint.ts';
import { eventually } from '../../../support/run.ts';

/** In milliseconds: shorter than a test may take, where its end is waited for, and longer than that where a client is to come before it. */
const linger = 400;
const longLinger = 120_000;

interface Opened extends AsyncDisposable {
  readonly endpoint: RawEndpoint;
  readonly stdin: PassThrough;
  readonly stdout: PassThrough;
  connect(): Promise<Socket>;
}

async function open(lingerMillis = linger): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'tw-raw-'));
  const endpoint = await RawEndpoint.open(join(folder, 'socket'), () => undefined, lingerMillis);
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  endpoint.attach({ stdin, stdout });
  return {
    endpoint,
    stdin,
    stdout,
    connect: async () => {
      const socket = connect({ path: endpoint.path, allowHalfOpen: true });
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    },
    [Symbol.asyncDispose]: () => {
      endpoint.close();
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  };
}

describe('an endpoint of raw stdin and stdout, when its tree has ended', () => {
  it('keeps what was printed for a client that comes', async () => {
    await using raw = await open(longLinger);
    raw.stdout.end('last words');
    raw.endpoint.treeEnded();
    const socket = await raw.connect();
    assert.equal(await text(socket), 'last words');
    socket.destroy();
  });

  it('lets go of a client that never closes', async () => {
    await using raw = await open();
    const socket = await raw.connect();
    raw.stdout.end('x');
    raw.endpoint.treeEnded();
    assert.equal(await text(socket), 'x');
    await eventually('stdin is closed', () => raw.stdin.destroyed);
    assert.ok(!socket.destroyed, 'it was not the client');
    socket.destroy();
  });

  it('lets go of a client that never reads', async () => {
    await using raw = await open();
    const socket = await raw.connect();
    raw.stdout.end(Buffer.alloc(2 ** 22));
    raw.endpoint.treeEnded();
    await eventually('stdout is closed', () => raw.stdout.destroyed);
    assert.equal(raw.stdout.readableEnded, false, 'it was not read to its end');
    socket.destroy();
  });

  it('lets go of a process elsewhere that holds stdout open', async () => {
    await using raw = await open();
    const socket = await raw.connect();
    raw.stdout.write('x');
    raw.endpoint.treeEnded();
    assert.equal(await text(socket), 'x');
    assert.ok(raw.stdout.destroyed);
    socket.destroy();
  });

  it('does not wait for ever for a client that never comes', async () => {
    await using raw = await open();
    raw.stdout.end('x');
    raw.endpoint.treeEnded();
    await eventually('no client can connect any more', () => !raw.endpoint.isOpen);
    assert.ok(raw.stdout.destroyed);
  });

  it('waits for nothing while the tree lives', async () => {
    await using raw = await open();
    const socket = await raw.connect();
    await new Promise((resolve) => setTimeout(resolve, linger * 2));
    raw.stdout.end('still here');
    assert.equal(await text(socket), 'still here');
    socket.destroy();
  });
});
