/** Why a server is ended: the warden writes it into its journal, with the state of the tree. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Models } from '../../../src/gateway/models.ts';
import type { GatewayOptions, ModelRequest } from '../../../src/protocol/models.ts';
import { FakeLauncher } from '../../support/fakeLauncher.ts';
import { randomFrom } from '../../support/random.ts';
import { eventually } from '../../support/run.ts';

const gigabyte = 2 ** 30;

function modelOf(name: string, changes: Partial<ModelRequest> = {}): ModelRequest {
  return {
    ...{ name, aliases: [], runtime: 'fake', instances: 1, ttlMillis: 0, preload: false, maxQueue: 100, maxConcurrent: 2 },
    start: { name, argv: ['fake'], cwd: '/', env: {}, stdio: 'pipes', stop: [], whenLeaderExits: 'kill', containment: 'auto' },
    ...{ concurrencyLimit: 0, affinity: false, upstreamName: name },
    ...changes,
  };
}

const inBudget = (name: string, gigabytes: number): ModelRequest => modelOf(name, { memory: { memoryBytes: gigabytes * gigabyte } });

describe('the reason why a model is unloaded', () => {
  const cases: [string, readonly ModelRequest[], Partial<GatewayOptions>, (models: Models) => Promise<unknown>, string][] = [
    ['by a client', [modelOf('a')], {}, (models) => models.unload('a', false), 'a: unloaded by a client'],
    [
      'after its time without a request',
      [modelOf('a', { ttlMillis: 5 })],
      {},
      () => Promise.resolve(),
      'a: unloaded after 5 ms without a request (ttl)',
    ],
    [
      'for another one that needs its memory',
      [inBudget('a', 8), inBudget('b', 6)],
      { memory: { memoryBytes: 12 * gigabyte } },
      (models) => models.load('b'),
      "a: unloaded for another model: 'b' needs 6.0 GB of memory of the budget of 12.0 GB",
    ],
    [
      'for another one of its group',
      [modelOf('a', { exclusive: 'gpu' }), modelOf('b', { exclusive: 'gpu' })],
      {},
      (models) => models.load('b'),
      "a: unloaded for another model: 'b' of the same exclusive group was asked",
    ],
    [
      'because it is not declared any more',
      [modelOf('a')],
      {},
      (models) => models.declare({ models: [], gateway: { port: 0 } }),
      'a: unloaded because no client declares its model any more',
    ],
    [
      'because it is declared differently',
      [modelOf('a')],
      {},
      (models) => models.declare({ models: [modelOf('a', { exclusive: 'gpu' })], gateway: { port: 0 } }),
      'a: unloaded because its model is declared differently',
    ],
  ];
  for (const [what, declared, options, act, expected] of cases)
    it(what, async () => {
      const launcher = new FakeLauncher(randomFrom(1), { noLaunch: 0, noLoad: 0, noEnd: 0 });
      const models = new Models({ launcher, alert: () => undefined, turnMillis: 5, descriptors: 1024 });
      try {
        await models.declare({ models: declared, gateway: { port: 0, ...options } });
        await models.load('a');
        await act(models);
        await eventually('it is ended', () => launcher.ends.length > 0);
        assert.deepEqual(launcher.ends, [expected]);
      } finally {
        await models.close();
      }
    });
});
