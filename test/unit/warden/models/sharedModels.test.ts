/** A lease of a warden on the model service, which is a server of the test here. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ResponseError } from 'vscode-jsonrpc/node';
import { hello } from '../../../../src/protocol/handshake.ts';
import * as messages from '../../../../src/protocol/models.ts';
import { openConnection } from '../../../../src/protocol/openConnection.ts';
import { SharedModels } from '../../../../src/warden/models/sharedModels.ts';

/** The service answers the lease, or is just ending; then it ends. */
async function losses(isEnding: boolean): Promise<{ readonly told: number; readonly isRejected: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), 'tree-warden-'));
  const path = join(folder, 'socket');
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    const { connection } = openConnection(socket, socket);
    connection.onRequest(hello, () => ({}) as never);
    connection.onRequest(messages.listModels, () => []);
    connection.onRequest(messages.leaseModels, () =>
      isEnding ? new ResponseError(1, 'It is ending.') : { url: 'http://127.0.0.1:1', token: 'key' },
    );
    connection.listen();
    sockets.push(socket);
  });
  const sockets: { destroy(): void }[] = [];
  await new Promise<void>((resolve) => server.listen(path, resolve));
  let told = 0;
  const changed = new EventTarget();
  const onChange = (): void => void changed.dispatchEvent(new Event('change'));
  const shared = await SharedModels.connect({ path, lessee: 'test', alert: () => undefined, onChange, onLost: () => told++ });
  const isRejected = await shared.declare({ models: [], gateway: { port: 0 } }).then(
    () => false,
    () => true,
  );
  const lost = new Promise((resolve) => changed.addEventListener('change', () => shared.isGone && resolve(undefined)));
  for (const socket of sockets) socket.destroy();
  await lost;
  server.close();
  rmSync(folder, { recursive: true });
  return { told, isRejected };
}

describe('a lease on the model service', () => {
  it('tells that the service is lost where that has served its models', async () => {
    assert.deepEqual(await losses(false), { told: 1, isRejected: false });
  });

  it('does not where it was ending already: who has declared them is told by the error', async () => {
    assert.deepEqual(await losses(true), { told: 0, isRejected: true });
  });
});
