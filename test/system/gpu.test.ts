/** GPUs: by a library that stands in for NVIDIA's, because there is no GPU where these tests run. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fakeModel, TestModels } from '../support/models.ts';
import { eventually, Run } from '../support/run.ts';
import { StandInGpu } from '../support/standInGpu.ts';
import { TestWarden } from '../support/warden.ts';

describe('what is used of a GPU', () => {
  it('is told for members and tree, as the driver says', async () => {
    await using run = new Run();
    const gpu = new StandInGpu(run.folder);
    await using warden = await TestWarden.start(gpu.env);
    const { id, leader } = await warden.startShell('sleep 60 & sleep 60 & wait', { name: 'model' });
    const children = await eventually('all are there', async () => {
      const members = (await warden.tree(id)).members.filter(({ pid }) => pid !== leader?.pid);
      return members.length === 2 ? members : undefined;
    });
    assert.equal((await warden.tree(id)).gpu, undefined, 'no process uses it yet');
    const [first, second] = children.map(({ pid }) => pid);
    // With so many others that the first place is too small, and one whose memory the driver does not know.
    const others = Array.from({ length: 100 }, (_, index) => `${4_000_000 + index} 1 1`);
    gpu.write([...others, `${first} 3221225472 45`, `${second} 18446744073709551615 5`].join('\n'));
    const tree = await eventually('it is told', async () => {
      const now = await warden.tree(id);
      return now.gpu ? now : undefined;
    });
    assert.deepEqual(tree.gpu, { memoryBytes: 3 * 2 ** 30, percent: 50 });
    assert.deepEqual(Object.fromEntries(tree.members.map(({ pid, gpu }) => [pid, gpu])), {
      [leader?.pid ?? 0]: undefined,
      [first ?? 0]: { memoryBytes: 3 * 2 ** 30, percent: 45 },
      [second ?? 0]: { memoryBytes: 0, percent: 5 },
    });
  });

  it('has to be given back before the next model of its group begins, or that is refused', async () => {
    await using run = new Run();
    const gpu = new StandInGpu(run.folder);
    const warden = await TestWarden.start(gpu.env);
    const named = (name: string) => fakeModel(warden, [], { name, exclusive: 'gpu' });
    await using models = await TestModels.of(warden, [named('one'), named('two')]);
    /** Its driver is slow to tidy up behind the only server that runs. */
    const hold = async (name: string): Promise<void> => {
      await warden.client.loadModel(name);
      const [server] = (await warden.client.list()).filter(({ endedAt }) => endedAt === undefined);
      gpu.write(`${server?.leader?.pid} 3221225472 45`);
    };
    await hold('one');
    const waiting = models.chat('two', 'say 1');
    await eventually('the processes of the first are gone', async () =>
      (await warden.client.list()).every(({ endedAt }) => endedAt !== undefined),
    );
    await sleep(1000);
    assert.deepEqual([(await models.model('one')).state, (await models.model('two')).state], ['draining', 'waiting']);
    gpu.write('');
    assert.equal((await waiting).status, 200);
    await hold('two');
    const { status, text } = await models.chat('one', 'say 1');
    assert.equal(status, 503);
    assert.match(
      text,
      /The GPU’s memory of 'two' is not back: 10 s after its processes have ended, the driver still keeps some for pid \d+\./,
    );
  });

  it('is measured of a model, and counts for the budget of GPUs', async () => {
    await using run = new Run();
    const gpu = new StandInGpu(run.folder);
    const warden = await TestWarden.start(gpu.env);
    const gigabyte = 2 ** 30;
    const requests = [
      fakeModel(warden, [], { name: 'one' }),
      fakeModel(warden, [], { name: 'two', memory: { gpuMemoryBytes: 2 * gigabyte } }),
    ];
    await using models = await TestModels.of(warden, requests, { memory: { gpuMemoryBytes: [4 * gigabyte] } });
    await warden.client.loadModel('one');
    const [server] = await warden.client.list();
    gpu.write(`${server?.leader?.pid} ${3 * gigabyte} 45`);
    const { memory } = await models.until('one', (model) => (model.memory?.gpuMemoryBytes ?? 0) > 0);
    assert.deepEqual([memory?.gpuMemoryBytes, memory?.source], [3 * gigabyte, 'measured']);
    const waiting = models.chat('two', 'say 1');
    await models.until('one', ({ state }) => state === 'draining');
    gpu.write('');
    assert.equal((await waiting).status, 200);
    assert.equal((await models.model('one')).state, 'cold');
  });

  it('of a server that has crashed has to be given back, too, before the next model of its group begins', async () => {
    await using run = new Run();
    const gpu = new StandInGpu(run.folder);
    const warden = await TestWarden.start(gpu.env);
    const named = (name: string) => fakeModel(warden, [], { name, exclusive: 'gpu' });
    await using models = await TestModels.of(warden, [named('one'), named('two')]);
    await warden.client.loadModel('one');
    const [server] = (await warden.client.list()).filter(({ endedAt }) => endedAt === undefined);
    const pid = server?.leader?.pid;
    assert.ok(pid);
    gpu.write(`${pid} 3221225472 45`);
    process.kill(pid, 'SIGKILL');
    // A request that comes before that is noticed would have the model unloaded, and not failed.
    await eventually('its end is noticed', async () => (await models.model('one')).state !== 'ready');
    const waiting = models.chat('two', 'say 1');
    await eventually('the first is gone', async () => (await warden.client.list()).some(({ endedAt, name }) => name === 'one' && endedAt));
    await sleep(1000);
    assert.deepEqual([(await models.model('one')).state, (await models.model('two')).state], ['draining', 'waiting']);
    gpu.write('');
    assert.equal((await waiting).status, 200);
    const { state, reason } = await models.model('one');
    assert.deepEqual([state, reason], ['failed', "the server of 'one' ended by SIGKILL"]);
  });

  it('is no error where there is no such library', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('sleep 60');
    assert.equal((await warden.tree(id)).gpu, undefined);
    assert.deepEqual(warden.alerts, []);
  });
});
