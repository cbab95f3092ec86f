import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { Admission, admissionLimits } from '../../../src/loopback/admission.ts';

class Connection extends EventEmitter {
  isOpen = true;

  destroy(): void {
    this.isOpen = false;
    this.emit('close');
  }
}

const openOf = (connections: readonly Connection[]): string => connections.map(({ isOpen }) => (isOpen ? 'o' : 'x')).join('');
const made = (count: number): Connection[] => Array.from({ length: count }, () => new Connection());

describe('connections that have shown nothing', () => {
  it('are so many at most, and the oldest goes', () => {
    const admission = new Admission({ count: 3, deadlineMillis: 1000 });
    const connections = made(5);
    for (const connection of connections) admission.admit(connection);
    assert.equal(openOf(connections), 'xxooo');
  });

  it('do not count once they are authorised, or closed', () => {
    const admission = new Admission({ count: 2, deadlineMillis: 1000 });
    const connections = made(4);
    const [first, second, ...others] = connections;
    assert.ok(first && second);
    for (const connection of [first, second]) admission.admit(connection);
    admission.authorise(first);
    second.destroy();
    for (const connection of others) admission.admit(connection);
    assert.equal(openOf(connections), 'oxoo');
    assert.equal(admission.waiting, 2);
  });

  it('are closed when their time is over, those that are authorised are not', ({ mock }) => {
    mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });
    let now = 0;
    mock.method(performance, 'now', () => now);
    const pass = (millis: number): void => {
      now += millis;
      mock.timers.tick(millis);
    };
    const admission = new Admission({ count: 10, deadlineMillis: 1000 });
    const connections = made(3);
    const [first, second, third] = connections;
    assert.ok(first && second && third);
    admission.admit(first);
    admission.admit(second);
    admission.authorise(first);
    pass(600);
    admission.admit(third);
    pass(500);
    assert.equal(openOf(connections), 'oxo');
    pass(600);
    assert.equal(openOf(connections), 'oxx');
  });

  it('are not closed for a time in which this process could not read what they had sent', async () => {
    const admission = new Admission({ count: 10, deadlineMillis: 50 });
    await using server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [socket] = (await once(server, 'connection')) as [Socket];
    admission.admit(socket);
    const heard = once(socket, 'data').then(() => admission.authorise(socket));
    client.write('its token');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    await Promise.race([heard, once(socket, 'close')]);
    assert.ok(!socket.destroyed);
    client.destroy();
    socket.destroy();
  });

  const limits: [number, number][] = [
    [1, 1],
    [256, 64],
    [1024, 256],
    [1_048_576, 1024],
  ];
  for (const [descriptors, count] of limits)
    it(`of ${descriptors} descriptors take ${count}`, () => assert.equal(admissionLimits(descriptors).count, count));
});
