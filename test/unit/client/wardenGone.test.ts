/** A warden that ends while a client connects is known as gone, at whatever moment that is: to no client is it a failure. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connectToWarden } from '../../../src/client/wardenClient.ts';
import { WardenGoneError } from '../../../src/client/wardenGone.ts';

/** Connects to a listener that does so with each connection, of which nothing has been read. */
async function connecting(onSocket: (socket: Socket) => void): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'tw-gone-'));
  const path = join(folder, 's');
  const server = createServer({ pauseOnConnect: true }, onSocket);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    return await connectToWarden(path, 'test').then(
      () => assert.fail('it is connected'),
      (error: unknown) => error,
    );
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}

/** How many timers keep the event loop of this process alive. */
const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

describe('a warden is gone', () => {
  it('where it has no socket any more', async () => {
    await assert.rejects(connectToWarden('/no/such/socket', 'test'), WardenGoneError);
  });

  const moments: [string, (socket: Socket) => void][] = [
    ['has closed the connection at once', (socket) => socket.destroy()],
    ['has ended with the greeting unread', (socket) => setTimeout(() => socket.destroy(), 50)],
    ['has read the greeting, and ends', (socket) => socket.once('data', () => socket.destroy()).resume()],
    ['has begun to answer, and ends', (socket) => socket.once('data', () => socket.end('Content-Length: 100\r\n\r\n{')).resume()],
  ];
  for (const [when, onSocket] of moments)
    it(`where it ${when}, and leaves no timer`, async () => {
      const before = timers();
      const error = await connecting(onSocket);
      assert.ok(error instanceof WardenGoneError, String(error));
      assert.equal(timers(), before);
    });
});
