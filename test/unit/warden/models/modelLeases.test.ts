/** Who the models of the model service live for, and who is told what. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelLease, ModelRequest } from '../../../../src/protocol/models.ts';
import { ModelLeases } from '../../../../src/warden/models/modelLeases.ts';

const model = (name: string, instances: number): ModelRequest => ({
  ...{ name, aliases: [], runtime: 'custom', instances, ttlMillis: 0, preload: false, maxQueue: 1, maxConcurrent: 1 },
  ...{ concurrencyLimit: 0, affinity: false, upstreamName: name },
  start: {
    ...{ name, argv: ['server'], cwd: '/', env: {}, stdio: 'pipes', stop: [] },
    ...{ whenLeaderExits: 'kill', containment: 'auto' },
  },
});
const lease = (lessee: string, ...models: readonly ModelRequest[]): ModelLease => ({ lessee, models, gateway: { port: 0 } });

function leasesWithLog() {
  const told: string[] = [];
  const leases = new ModelLeases<{ readonly name: string }>({
    declare: () => Promise.resolve({ url: 'http://127.0.0.1:1', token: 'key' }),
    onRefused: ({ name }, refused) => told.push(`${name}: ${refused.map((one) => one.name).join(', ') || 'nothing'}`),
    onUnused: () => told.push('unused'),
  });
  return { leases, told };
}

const [first, second, third] = [{ name: 'first' }, { name: 'second' }, { name: 'third' }] as const;

describe('leases of models', () => {
  it('tell a client that its model is served now, when the one that declared another has gone', async () => {
    const { leases, told } = leasesWithLog();
    await leases.take(first, lease('first', model('coder', 1)));
    const { refused } = await leases.take(second, lease('second', model('coder', 2)));
    await leases.take(third, lease('third', model('chat', 1)));
    assert.deepEqual([refused?.map(({ name }) => name), told], [['coder'], []]);
    leases.end(first);
    await new Promise(setImmediate);
    assert.deepEqual(told, ['second: nothing']);
  });

  it('tell a client that its model is refused from now on, when the one that was first declares it otherwise', async () => {
    const { leases, told } = leasesWithLog();
    await leases.take(first, lease('first', model('coder', 1)));
    await leases.take(second, lease('second', model('coder', 1)));
    await leases.take(first, lease('first', model('coder', 2)));
    assert.deepEqual(told, ['second: coder']);
    const { refused } = await leases.take(second, lease('second', model('coder', 2)));
    assert.deepEqual([refused, told.length], [undefined, 1]);
  });

  it('end with the last client, and no other is taken then', async () => {
    const { leases, told } = leasesWithLog();
    await leases.take(first, lease('first', model('coder', 1)));
    leases.end(second);
    assert.deepEqual(told, []);
    leases.end(first);
    assert.deepEqual(told, ['unused']);
    await assert.rejects(leases.take(second, lease('second')), /is ending/);
  });
});
