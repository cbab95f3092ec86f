import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { NamedPorts } from '../../../src/loopback/namedPorts.ts';

describe('a named port', () => {
  it('is looked for once, also where several ask at once', async () => {
    let next = 4000;
    const ports = new NamedPorts(() => Promise.resolve(next++));
    assert.deepEqual(await Promise.all(['web', 'api', 'web'].map((name) => ports.portFor(name))), [4000, 4001, 4000]);
    assert.equal(await ports.portFor('web'), 4000);
  });

  it('is looked for again where none was found', async () => {
    const answers = [() => Promise.reject(new Error('too many open files')), () => Promise.resolve(4000)];
    const ports = new NamedPorts(() => answers.shift()?.() ?? assert.fail('it was looked for too often'));
    await assert.rejects(ports.portFor('web'), /too many open files/);
    assert.equal(await ports.portFor('web'), 4000);
    assert.equal(await ports.portFor('web'), 4000);
  });

  it('is free, on loopback, and none that the system gives to a connection before its process listens', async () => {
    const ports = new NamedPorts();
    const names = Array.from({ length: 300 }, (_, index) => `web${index}`);
    const found = await Promise.all(names.map((name) => ports.portFor(name)));
    assert.equal(new Set(found).size, found.length, 'each name has its own');
    for (const port of found) assert.ok(Number.isInteger(port) && port > 1024 && port < firstOfConnections(), String(port));
    const [port = 0] = found;
    await using server = createServer();
    await once(server.listen(port, '127.0.0.1'), 'listening');
  });
});

/** See ip(7). */
function firstOfConnections(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t')[0]);
  } catch {
    return 49_152;
  }
}
