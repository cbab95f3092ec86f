/** One connection for each warden, whatever asks for it, and none to a warden that has ended. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WardenRegistry } from '../../src/client/wardenRegistry.ts';
import { eventually } from '../support/run.ts';
import { TestWarden } from '../support/warden.ts';

/** The client side looks for records where the environment says. */
async function withRecordsOf<T>(warden: TestWarden, work: () => Promise<T>): Promise<T> {
  const before = process.env['TREE_WARDEN_RUNTIME_DIR'];
  process.env['TREE_WARDEN_RUNTIME_DIR'] = warden.run.runtimeFolder;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env['TREE_WARDEN_RUNTIME_DIR'];
    else process.env['TREE_WARDEN_RUNTIME_DIR'] = before;
  }
}

describe('the registry of wardens', () => {
  it('connects once to each, says where it comes from, and forgets it when it ends', async () => {
    await using warden = await TestWarden.start();
    using registry = new WardenRegistry('test', warden.window);
    const [first, second] = await withRecordsOf(warden, () => Promise.all([registry.connect(), registry.connect()]));
    const [found] = first.wardens;
    assert.equal(first.wardens.length, 1);
    assert.equal(second.wardens[0]?.client, found?.client);
    assert.deepEqual([found?.id, found?.lifetime, found?.origin], [warden.client.welcome.warden, 'managed', 'sameFolder']);
    assert.deepEqual(registry.all, first.wardens);
    await warden.client.shutdown('the test is over', true);
    await eventually('it is forgotten', () => registry.all.length === 0);
  });

  it('tells the wardens of another window from its own, and passes over those that are not meant', async () => {
    await using warden = await TestWarden.start();
    using registry = new WardenRegistry('test', 'file:///another');
    const { wardens } = await withRecordsOf(warden, () => registry.connect(({ warden: { lifetime } }) => lifetime === 'detached'));
    assert.deepEqual(wardens, []);
    const all = await withRecordsOf(warden, () => registry.connect());
    assert.deepEqual(
      all.wardens.map(({ origin }) => origin),
      ['otherWindow'],
    );
  });

  it('closes its connections when it is disposed, and none that were added', async () => {
    await using warden = await TestWarden.start();
    const registry = new WardenRegistry('test');
    const opened = (await withRecordsOf(warden, () => registry.connect())).wardens[0]?.client;
    registry[Symbol.dispose]();
    assert.ok(opened);
    await assert.rejects(opened.list(), { message: 'The warden has ended.' });
    using another = new WardenRegistry('test');
    another.add(warden.client, 'window');
    another[Symbol.dispose]();
    assert.deepEqual(await warden.client.list(), []);
  });
});
