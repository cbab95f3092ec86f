import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { TreeId } from '../../../src/protocol/identity.ts';
import { ClientSockets } from '../../../src/warden/clientSockets.ts';

class FakeSocket extends EventEmitter {
  readonly writableLength = 0;
  destroyed = false;

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

const descriptors = 4096;
/** See `maxClients`. */
const room = 256;

function admitted(clients: ClientSockets, standsFor?: string): FakeSocket | undefined {
  const socket = new FakeSocket();
  const client = clients.admit(socket as unknown as Socket);
  if (!client) {
    assert.ok(socket.destroyed);
    return undefined;
  }
  client.greeted();
  if (standsFor !== undefined) client.standsFor(standsFor as TreeId);
  return socket;
}

describe('the room for clients', () => {
  it('is limited', () => {
    const clients = new ClientSockets(descriptors);
    for (let count = 0; count < room; count++) assert.ok(admitted(clients));
    assert.equal(admitted(clients), undefined);
  });

  it('is not taken up by the connectors of trees on nodes', () => {
    const clients = new ClientSockets(descriptors);
    for (let count = 0; count < 1000; count++) assert.ok(admitted(clients, `tree ${count}`));
    for (let count = 0; count < room; count++) assert.ok(admitted(clients));
    assert.equal(admitted(clients), undefined);
    // Nor is that of connectors without a bound.
    const few = new ClientSockets(64);
    const all = Array.from({ length: 100 }, (_, count) => admitted(few, `tree ${count}`));
    assert.equal(all.filter(Boolean).length, 64 / 2);
  });

  it('is taken up by all but the newest of those that stand for the same tree', () => {
    const clients = new ClientSockets(descriptors);
    const first = admitted(clients, 'tree');
    for (let count = 0; count < room; count++) assert.ok(admitted(clients, 'tree'));
    assert.equal(admitted(clients), undefined);
    first?.destroy();
    assert.ok(admitted(clients));
  });

  it('is given back at the end of a connection, whatever that was', () => {
    const clients = new ClientSockets(descriptors);
    const connectors = Array.from({ length: 300 }, (_, count) => admitted(clients, `tree ${count}`));
    for (const socket of connectors) socket?.destroy();
    for (let count = 0; count < room; count++) assert.ok(admitted(clients));
    assert.equal(admitted(clients), undefined);
  });
});
