import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fakeModel, TestModels } from '../support/models.ts';
import { eventually } from '../support/run.ts';
import { TestWarden } from '../support/warden.ts';

const megabyte = 2 ** 20;
/** What each server allocates; with Node itself it has some fifty more, so that two fit and three do not. */
const allocated = 250;
const budget = { memoryBytes: 740 * megabyte };

function modelsIn(warden: TestWarden, ...names: readonly string[]) {
  return names.map((name) => fakeModel(warden, ['--memory', String(allocated)], { name }));
}

async function loadedOf(models: TestModels): Promise<string[]> {
  return (await models.warden.client.models()).filter(({ state }) => state === 'ready').map(({ name }) => name);
}

describe('models whose servers take memory', () => {
  it('are measured alone at first, share a budget from then on, and cut off no answer', async () => {
    const warden = await TestWarden.start();
    await using models = await TestModels.of(warden, modelsIn(warden, 'a', 'b', 'c'), { memory: budget });
    for (const name of ['a', 'b', 'c']) {
      assert.equal((await models.chat(name, 'say 1')).status, 200);
      assert.deepEqual(await loadedOf(models), [name], 'as long as its size is not known, no other one is loaded beside it');
      const { memory } = await models.until(name, (model) => model.memory?.source === 'measured');
      const measured = (memory?.memoryBytes ?? 0) / megabyte;
      assert.ok(measured >= allocated && measured < 370, `${measured} MB were measured`);
    }
    const answer = models.chat('a', `say 1 until ${warden.run.workFolder}/told`, { stream: true });
    await models.until('a', ({ outstanding }) => outstanding === 1);
    assert.deepEqual(await loadedOf(models), ['a', 'c'], 'two fit');
    assert.equal((await models.chat('b', 'say 1')).status, 200);
    assert.deepEqual(await loadedOf(models), ['a', 'b'], 'the idle one went, not the one that is answering');
    const held = models.chat('b', `hold ${warden.run.workFolder}/told`);
    await models.until('b', ({ outstanding }) => outstanding === 1);
    const waiting = models.chat('c', 'say 1');
    const { reason } = await models.until('c', (model) => model.state === 'waiting' && model.reason !== '');
    assert.match(reason, /^waits for \d+ MB of memory: '[ab]' is answering$/);
    models.letGo('told');
    assert.match((await answer).text, /\[DONE\]/);
    for (const { status, text } of [await held, await waiting]) assert.equal(status, 200, text);
    assert.deepEqual(
      (await warden.client.models()).map(({ statistics: { failures } }) => failures),
      [0, 0, 0],
    );
  });

  it('are known to the next warden of the user, and refused where they never fit', async () => {
    const warden = await TestWarden.start();
    const declared = modelsIn(warden, 'a');
    await using models = await TestModels.of(warden, declared);
    assert.equal((await models.chat('a', 'say 1')).status, 200, 'without a budget, a model is loaded whatever it takes');
    await models.until('a', (model) => model.memory?.source === 'measured');
    const next = await TestWarden.start({ XDG_STATE_HOME: warden.run.env['XDG_STATE_HOME'] });
    await using again = await TestModels.of(next, declared, { memory: { memoryBytes: 100 * megabyte } });
    const { status, text } = await again.chat('a', 'say 1');
    assert.deepEqual([status, /it needs \d+ MB of memory, and 100 MB is the budget/.test(text)], [424, true], text);
  });

  it('are counted by the gateway process that takes the place of one that was killed', async () => {
    const warden = await TestWarden.start();
    const named = (name: string) => fakeModel(warden, [], { name, memory: { memoryBytes: 300 * megabyte } });
    await using models = await TestModels.of(warden, [named('a'), named('b'), named('c')], { memory: budget });
    for (const name of ['a', 'b']) await warden.client.loadModel(name);
    const { gatewayPid } = await warden.client.inspect();
    assert.ok(gatewayPid);
    process.kill(gatewayPid, 'SIGKILL');
    await eventually('another one has taken over', async () => {
      const { gatewayPid: next } = await warden.client.inspect();
      return next !== null && next !== gatewayPid && (await loadedOf(models)).length === 2;
    });
    assert.equal((await warden.client.loadModel('c')).state, 'ready');
    assert.equal((await loadedOf(models)).length, 2, 'one of those that it has taken over went');
  });
});
