/**
 * The gateway process is killed, hung, and given a request that kills it: trees go on, clients get an error, and models come back at the same address.
 * TREE_WARDEN_ROUNDS: how often each is tried.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ModelSnapshot } from '../../src/protocol/models.ts';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { fakeModel, TestModels } from '../support/models.ts';
import { eventually } from '../support/run.ts';
import { isAlive, survivorsOf } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const rounds = Number(process.env['TREE_WARDEN_ROUNDS'] ?? 2);
/** Heap of the gateway in megabytes, and a number of objects in a request that needs more. */
const heapMegabytes = 100;
const killingObjects = 4 * 2 ** 20;

async function gatewayPidOf({ warden }: TestModels): Promise<number> {
  return (await warden.client.inspect()).gatewayPid ?? assert.fail('there is no gateway process');
}

/** Another one than that, which can be asked. */
async function replacementOf(models: TestModels, before: number): Promise<number> {
  const pid = await eventually('the gateway process is replaced', async () => {
    const { gatewayPid } = await models.warden.client.inspect();
    return gatewayPid !== null && gatewayPid !== before && gatewayPid;
  });
  await eventually('it serves', () =>
    models.ask('/health').then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return pid;
}

/** Why the gateway process has ended, each time. */
async function endsOfGateway({ warden }: TestModels): Promise<string> {
  return (await warden.journal()).flatMap(({ event, reason }) => (event === 'gateway-ended' ? String(reason) : [])).join('\n');
}

/** A stream that would take a minute, of which the beginning has come. */
async function begunStream(models: TestModels): Promise<{ readonly rest: Promise<string> }> {
  const messages = [{ role: 'user', content: 'say 600 slow 100' }];
  const response = await models.ask('/v1/chat/completions', { model: 'one', messages, stream: true });
  const reader = response.body?.getReader() ?? assert.fail('there is no body');
  await reader.read();
  const readOn = async (): Promise<string> => {
    let text = '';
    try {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) text += Buffer.from(piece.value).toString();
    } catch (error) {
      return `broken: ${String(error)}`;
    }
    return text;
  };
  return { rest: readOn() };
}

interface Served {
  readonly models: TestModels;
  readonly other: TreeSnapshot;
  readonly before: ModelSnapshot;
  readonly gatewayPid: number;
}

/** One model that is loaded, and a tree that has nothing to do with it. */
async function serve(env: NodeJS.ProcessEnv = {}): Promise<Served> {
  const warden = await TestWarden.start(env);
  const models = await TestModels.of(warden, [fakeModel(warden, [], { name: 'one' })]);
  const other = await models.warden.startShell('exec sleep 1000', { name: 'other' });
  assert.equal((await models.chat('one', 'say 1')).status, 200);
  return {
    models,
    other,
    before: await models.until('one', ({ outstanding }) => outstanding === 0),
    gatewayPid: await gatewayPidOf(models),
  };
}

/** Has the gateway process killed as often as it is restarted automatically, and once more. */
async function useUpRestarts({ models, gatewayPid }: Served): Promise<void> {
  let pid = gatewayPid;
  for (let restart = 1; restart <= 5; restart++) {
    process.kill(pid, 'SIGKILL');
    pid = await replacementOf(models, pid);
  }
  process.kill(pid, 'SIGKILL');
}

/** Trees have gone on, and the model is answered by the server that it had, at the address and with the token that it had. */
async function assertBack({ models, other, before, gatewayPid }: Served): Promise<void> {
  await replacementOf(models, gatewayPid);
  assert.equal((await models.warden.tree(other.id)).endedAt, undefined, 'the other tree has gone on');
  const { status, text } = await models.chat('one', 'say 1');
  assert.equal(status, 200, text);
  const after = await models.model('one');
  assert.deepEqual(
    after.instances.map(({ tree, port, state }) => ({ tree, port, state })),
    before.instances.map(({ tree, port }) => ({ tree, port, state: 'ready' })),
    'the server is the same',
  );
  assert.deepEqual(models.warden.alerts, []);
  assert.deepEqual(await models.warden.client.selfCheck(), []);
}

describe('a gateway process', () => {
  it('is started when a model is declared, not before', async () => {
    await using warden = await TestWarden.start();
    assert.equal((await warden.client.inspect()).gatewayPid, null);
    await warden.client.declareModels([fakeModel(warden, [], { name: 'one' })], { port: 0 });
    const { gatewayPid } = await warden.client.inspect();
    assert.ok(gatewayPid !== null && isAlive(gatewayPid));
    assert.deepEqual(await warden.client.list(), [], 'it is no tree, and no stray');
  });

  for (let round = 1; round <= rounds; round++) {
    it(`that is killed is replaced, and its servers are taken over (${round})`, async () => {
      const served = await serve();
      await using models = served.models;
      const { rest } = await begunStream(models);
      process.kill(served.gatewayPid, 'SIGKILL');
      assert.match(await rest, /^broken/);
      await assertBack(served);
      assert.match(await endsOfGateway(models), /was killed by SIGKILL/);
    });

    it(`that hangs is killed and replaced (${round})`, async () => {
      const served = await serve();
      await using models = served.models;
      const { rest } = await begunStream(models);
      process.kill(served.gatewayPid, 'SIGSTOP');
      assert.match(await rest, /^broken/);
      await assertBack(served);
      assert.match(await endsOfGateway(models), /did not answer/);
    });

    it(`that a request kills is replaced (${round})`, async () => {
      const served = await serve({ TREE_WARDEN_GATEWAY_HEAP_MB: String(heapMegabytes) });
      await using models = served.models;
      const body = Buffer.concat([
        Buffer.from('{"model":"one","messages":['),
        Buffer.alloc(killingObjects * 3, '{},'),
        Buffer.from('{}]}'),
      ]);
      await assert.rejects(models.ask('/v1/chat/completions', body), 'its client gets an error');
      await assertBack(served);
      assert.match(await endsOfGateway(models), /ran out of memory/);
    });
  }

  it('that is killed before it has answered a load or an unload is named as the reason', async () => {
    const warden = await TestWarden.start();
    const held = { name: 'held' };
    await using models = await TestModels.of(warden, [fakeModel(warden, ['--hold', join(warden.run.workFolder, 'go')], held)]);
    const { client } = models.warden;
    const reason = { message: 'The gateway of the models was killed by SIGKILL before it had answered; ask again.' };
    const loaded = assert.rejects(client.loadModel('held'), reason);
    await models.until('held', ({ instances }) => instances.length > 0);
    const first = await gatewayPidOf(models);
    process.kill(first, 'SIGKILL');
    await loaded;
    models.letGo('go');
    await replacementOf(models, first);
    await client.loadModel('held');
    const stream = models.chat('held', 'until done', { stream: true }).catch(() => undefined);
    await models.until('held', ({ outstanding }) => outstanding > 0);
    const unloaded = assert.rejects(client.unloadModel('held'), reason);
    await models.until('held', ({ state }) => state === 'draining');
    process.kill(await gatewayPidOf(models), 'SIGKILL');
    await unloaded;
    await stream;
  });

  it('keeps many large requests at once, and does not end', async () => {
    const served = await serve({ TREE_WARDEN_GATEWAY_HEAP_MB: String(heapMegabytes) });
    await using models = served.models;
    const go = join(models.warden.run.workFolder, 'go');
    // Each is an eighth of the heap as a text, and they all wait for their server at the same time.
    const image = 'x'.repeat((heapMegabytes * 2 ** 20) / 8);
    const messages = [
      { role: 'user', content: [{ type: 'image_url', image_url: { url: image } }] },
      { role: 'user', content: `say 1 hold ${go}` },
    ];
    const body = Buffer.from(JSON.stringify({ model: 'one', messages }));
    const asked = Array.from({ length: 12 }, () => models.ask('/v1/chat/completions', body));
    await models.until('one', ({ outstanding, queued }) => outstanding + queued === asked.length);
    writeFileSync(go, '');
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    assert.deepEqual(
      statuses,
      asked.map(() => 200),
    );
    assert.equal(await gatewayPidOf(models), served.gatewayPid, 'it is the same process');
  });

  it('that is replaced gives the memory of a group to one model at a time, as the one before it', async () => {
    await using models = await TestModels.start({ name: 'one', exclusive: 'gpu' }, { name: 'two', exclusive: 'gpu' });
    assert.equal((await models.chat('one', 'say 1')).status, 200);
    const [server] = (await models.model('one')).instances;
    const before = await gatewayPidOf(models);
    process.kill(before, 'SIGKILL');
    await replacementOf(models, before);
    assert.equal((await models.model('one')).state, 'ready');
    assert.equal((await models.chat('two', 'say 1')).status, 200);
    assert.equal((await models.model('one')).state, 'cold');
    const [first, second] = await models.warden.client.list();
    assert.equal(first?.id, server?.tree);
    assert.ok(
      (first?.endedAt ?? Number.POSITIVE_INFINITY) <= (second?.startedAt ?? 0),
      'the first has ended before the second was started',
    );
  });

  it('that is replaced has as many servers as were desired, and none that died meanwhile', async () => {
    await using models = await TestModels.start({ name: 'one' });
    await models.warden.client.loadModel('one', 2);
    const { instances } = await models.until('one', (model) => model.instances.length === 2);
    const before = await gatewayPidOf(models);
    const [tree] = (await models.warden.client.list()).filter(({ id }) => id === instances[1]?.tree);
    process.kill(before, 'SIGKILL');
    process.kill(tree?.leader?.pid ?? assert.fail('it has no leader'), 'SIGKILL');
    await replacementOf(models, before);
    const after = await models.until('one', (model) => model.instances.filter(({ state }) => state === 'ready').length === 2);
    assert.equal(after.instances.find(({ tree }) => tree === instances[0]?.tree)?.state, 'ready', 'the one that lives is the same');
    assert.ok(!after.instances.some(({ tree }) => tree === instances[1]?.tree), 'the one that died is another');
  });

  it('that ends again and again is given up with one message, and comes back when a model is loaded', async () => {
    const served = await serve();
    await using models = served.models;
    await useUpRestarts(served);
    const [alert] = await eventually('the message is there', () => models.warden.alerts.length > 0 && models.warden.alerts);
    assert.match(
      alert ?? '',
      /^The gateway of the models is not running: it was killed by SIGKILL, after it was restarted 5 times in 3 minutes\./,
    );
    assert.equal((await models.warden.client.inspect()).gatewayPid, null);
    assert.equal((await models.warden.client.selfCheck()).length, 1);
    const [server] = served.before.instances;
    assert.equal((await models.warden.tree(server?.tree ?? assert.fail('there is no server'))).endedAt, undefined, 'its server is guarded');
    await models.warden.client.loadModel('one');
    assert.equal((await models.chat('one', 'say 1')).status, 200);
    assert.equal((await models.model('one')).instances[0]?.tree, server?.tree);
    assert.equal(models.warden.alerts.length, 1);
  });

  it('that was given up is started again by the button of its message, with a budget that begins anew', async () => {
    const served = await serve();
    await using models = served.models;
    await useUpRestarts(served);
    await eventually('it is given up', () => models.warden.alerts.length > 0);
    await models.warden.client.startHelper('gateway');
    const again = await gatewayPidOf(models);
    assert.equal((await models.chat('one', 'say 1')).status, 200);
    assert.deepEqual(await models.warden.client.selfCheck(), []);
    process.kill(again, 'SIGKILL');
    await replacementOf(models, again);
    assert.equal(models.warden.alerts.length, 1);
  });

  for (const isHung of [false, true])
    it(`does not outlive a warden that is killed${isHung ? ', though it hangs' : ''}`, async () => {
      await using models = await TestModels.start({ name: 'one' });
      await models.warden.client.loadModel('one');
      const { gatewayPid, folder } = await models.warden.client.inspect();
      const [server] = await models.warden.client.list();
      if (isHung) process.kill(gatewayPid ?? assert.fail('there is no gateway process'), 'SIGSTOP');
      process.kill(models.warden.process.pid ?? assert.fail('there is no warden'), 'SIGKILL');
      for (const pid of [gatewayPid, server?.leader?.pid]) await eventually(`${pid} is gone`, () => !isAlive(pid ?? 0));
      await eventually(`nothing is left of ${folder}`, () => survivorsOf(models.warden.run.folder).length === 0);
    });
});
