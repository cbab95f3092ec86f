import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { TreeId } from '../../../../src/protocol/identity.ts';
import type { MeasuredMemory } from '../../../../src/protocol/modelMemory.ts';
import type { ServedModel } from '../../../../src/protocol/models.ts';
import { memoryKey } from '../../../../src/warden/models/memoryKey.ts';
import { MemoryMeter } from '../../../../src/warden/models/memoryMeter.ts';

const model = {
  name: 'coder',
  runtime: 'fake',
  upstreamName: 'coder',
  start: { argv: ['server'], env: { A: '1' } },
} as unknown as ServedModel;
const size = (memoryBytes: number, gpuMemoryBytes = 0) => ({ memoryBytes, gpuMemoryBytes });

describe('the memory of a server', () => {
  it('is told when it has settled, with the most that it took before, and when it changes', async () => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    try {
      let now: MeasuredMemory | undefined = { peak: size(100), settled: size(90, 10) };
      const told: [string, MeasuredMemory][] = [];
      const meter = new MemoryMeter({
        read: () => Promise.resolve(now),
        onMeasured: (key, _, measured) => told.push([key, measured]),
      });
      const pass = async (millis: number): Promise<void> => {
        mock.timers.tick(millis);
        await turn();
      };
      const server = meter.follow(model, 'tree' as TreeId);
      await pass(5000);
      server.ready();
      await pass(0);
      assert.deepEqual(told, [], 'it is loading');
      now = { peak: size(100, 4), settled: size(50, 4) };
      await pass(2500);
      assert.deepEqual(told, [[memoryKey(model), { peak: size(100, 4), settled: size(50, 4) }]]);
      now = { peak: size(100, 4), settled: size(50.5, 4) };
      await pass(5000);
      assert.equal(told.length, 1, 'half a percent is nothing');
      now = undefined;
      await pass(5000);
      now = { peak: size(120, 8), settled: size(60, 8) };
      await pass(5000);
      assert.deepEqual(told[1]?.[1], { peak: size(120, 8), settled: size(60, 8) });
      server.end();
      now = { peak: size(500), settled: size(500) };
      await pass(20_000);
      assert.equal(told.length, 2);
    } finally {
      mock.timers.reset();
    }
  });

  it('is read by one timer for all servers, which is there as long as they are', (test) => {
    test.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    const begun = test.mock.method(globalThis, 'setInterval');
    const ended = test.mock.method(globalThis, 'clearInterval');
    const read: string[] = [];
    const meter = new MemoryMeter({
      read: (tree) => {
        read.push(tree);
        return Promise.resolve(undefined);
      },
      onMeasured: () => undefined,
    });
    const servers = ['a', 'b', 'c'].map((tree) => meter.follow(model, tree as TreeId));
    test.mock.timers.tick(5000);
    servers[1]?.end();
    test.mock.timers.tick(5000);
    assert.deepEqual(read.splice(0), ['a', 'b', 'c', 'a', 'c']);
    assert.deepEqual([begun.mock.callCount(), ended.mock.callCount()], [1, 0]);
    for (const server of servers) server.end();
    test.mock.timers.tick(20_000);
    assert.deepEqual([read, begun.mock.callCount(), ended.mock.callCount() > 0], [[], 1, true]);
    const next = meter.follow(model, 'd' as TreeId);
    test.mock.timers.tick(5000);
    assert.deepEqual(read, ['d']);
    next.end();
  });

  it('is that of the same program, arguments, environment, GPUs and context, whatever the model is called', () => {
    const keyWith = (changes: object): string => memoryKey({ ...model, ...changes });
    assert.equal(keyWith({ name: 'other', instances: 3, ttlMillis: 5 }), memoryKey(model));
    const others = [
      { start: { ...model.start, argv: ['server', '--ctx-size', '8192'] } },
      { start: { ...model.start, env: { A: '2' } } },
      { gpus: { numbers: [1], variables: [] } },
      { facts: { contextSize: 8192 } },
      { runtime: 'other' },
      { upstreamName: 'llama3.2', loadRequest: { path: '/', body: {} } },
    ].map(keyWith);
    assert.equal(new Set([memoryKey(model), ...others]).size, others.length + 1);
    assert.match(memoryKey(model), /^[\da-f]{24}$/);
  });
});
