import assert from 'node:assert/strict';
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

  it('is free, and on loopback', async () => {
    const port = await new NamedPorts().portFor('web');
    assert.ok(Number.isInteger(port) && port > 0 && port < 65_536);
  });
});
