/** A window that goes away and comes back, as a reload does: its trees wait for it, for a while. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectToWarden } from '../../src/client/wardenClient.ts';
import { socketPath } from '../../src/records/records.ts';
import { eventually } from '../support/run.ts';
import { isAlive, survivorsAfterLooking } from '../support/survivors.ts';
import { claim, TestWarden } from '../support/warden.ts';

const counting = 'i=0; while :; do echo "line $i"; i=$((i+1)); sleep 0.01; done';

describe('a window that is reloaded', () => {
  it('takes its trees over, with all of their output', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell(counting);
    await warden.output(tree.id, (text) => text.includes('line 5\n'));
    await warden.client.releaseOwnership(10_000);
    warden.disconnect();
    const claimed = (await claim(warden)) ?? assert.fail('it was not found');
    const [found] = await claimed.client.list();
    assert.deepEqual([found?.id, found?.state, found?.leader], [tree.id, 'ready', tree.leader]);
    const chunks: Buffer[] = [];
    const output = { tree: tree.id, from: 0, whenBehind: 'wait', follow: true } as const;
    claimed.client.readOutput(output, { onChunk: (chunk) => void chunks.push(chunk) });
    await eventually('its output goes on', () => Buffer.concat(chunks).includes('line 60\n'));
    const numbers = [
      ...Buffer.concat(chunks)
        .toString()
        .matchAll(/^line (\d+)$/gm),
    ].map(([, number]) => Number(number));
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index),
      'every line, once, in order',
    );
    // From now on the trees live for the new connection.
    claimed.client.dispose();
    await eventually('the warden has ended', () => !isAlive(warden.process.pid));
    assert.deepEqual(await survivorsAfterLooking(warden.run.workFolder), []);
  });

  it('can go away again, and come back again', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('sleep 1000');
    await warden.client.releaseOwnership(10_000);
    warden.disconnect();
    for (let round = 0; round < 3; round++) {
      const claimed = (await claim(warden)) ?? assert.fail('it was not found');
      assert.equal((await claimed.client.list())[0]?.id, tree.id);
      await claimed.client.releaseOwnership(10_000);
      claimed.client.dispose();
    }
    const last = (await claim(warden)) ?? assert.fail('it was not found');
    await last.client.shutdown('the test is over');
    await last.ended;
  });

  it('right after it has sent much is known to be coming back', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('cat > /dev/null');
    // Each is handled in a turn of its own, and the end of the connection overtakes them.
    for (let number = 0; number < 60; number++) warden.client.input(tree.id, Buffer.from('typed\n'));
    await warden.client.releaseOwnership(10_000);
    warden.disconnect();
    const claimed = (await claim(warden)) ?? assert.fail('it was not found');
    assert.deepEqual(
      (await claimed.client.list()).map(({ id, endedAt }) => [id, endedAt]),
      [[tree.id, undefined]],
    );
    await claimed.client.shutdown('the test is over');
    await claimed.ended;
  });

  it('that does not come back has its trees ended', async () => {
    await using warden = await TestWarden.start();
    await warden.startShell('trap "" TERM; sleep 1000 & sleep 1000');
    await warden.client.releaseOwnership(400);
    warden.disconnect();
    await eventually('the warden has ended', () => !isAlive(warden.process.pid));
    assert.deepEqual(await survivorsAfterLooking(warden.run.workFolder), []);
    const reason = warden.run.journal().find((record) => record['event'] === 'warden-ended')?.['reason'];
    assert.equal(reason, 'its window went away and did not come back within 0.4 s');
  });

  it('twice, whose first claim has gone with its connection, is waited for, and no longer than that', async () => {
    await using warden = await TestWarden.start();
    await warden.startShell('trap "" TERM; sleep 1000 & sleep 1000');
    const first = await connectToWarden(socketPath(warden.client.welcome.folder), 'first');
    void first.takeOwnership().catch(() => undefined);
    // Its claim is there before anything that comes after it.
    await first.list();
    first.dispose();
    await eventually('its end was seen', () =>
      warden.run.journal().some(({ event, reason }) => event === 'client-left' && reason === 'first'),
    );
    await warden.client.releaseOwnership(400);
    warden.disconnect();
    await eventually('the warden has ended', () => !isAlive(warden.process.pid));
    assert.deepEqual(await survivorsAfterLooking(warden.run.workFolder), []);
  });

  it('that is killed instead of reloaded has them ended at once', async () => {
    await using warden = await TestWarden.start();
    await warden.startShell('sleep 1000');
    warden.disconnect();
    await eventually('the warden has ended', () => !isAlive(warden.process.pid));
  });
});

describe('a warden whose window is open', () => {
  it('belongs to no other window', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('sleep 1000');
    assert.equal(await claim(warden), undefined);
    assert.equal((await warden.tree(tree.id)).state, 'ready');
  });
});
