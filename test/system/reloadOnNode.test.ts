/** A window that is reloaded while a process of it runs on another machine. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { WardenClient } from '../../src/client/wardenClient.ts';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { eventually } from '../support/run.ts';
import { SshServer, whyNoSshServer } from '../support/sshServer.ts';
import { survivorsOf } from '../support/survivors.ts';
import { claim, TestWarden } from '../support/warden.ts';

const counting = 'i=0; while :; do echo "line $i"; i=$((i+1)); sleep 0.01; done';

describe('a reloaded window with a process on another machine', () => {
  it('takes over what runs there, which goes on, and ends with it', { skip: whyNoSshServer() ?? false }, async () => {
    await using server = await SshServer.start();
    await using warden = await TestWarden.start();
    const { run } = warden;
    const runner = { type: 'ssh', host: server.host, leaseMillis: 30_000, workspace: run.workFolder } as const;
    const extra = server.options({ folder: join(run.folder, 'node') });
    const { id } = await warden.startShell(counting, { runner: { ...runner, extra } });
    const remoteTree = async (client: WardenClient): Promise<TreeSnapshot> =>
      await eventually('it runs on its node', async () => {
        const [tree] = await client.list();
        return tree?.id === id && tree.remote?.phase === 'running' && tree.members.length > 0 && tree;
      });
    const before = await remoteTree(warden.client);
    await warden.client.releaseOwnership(60_000);
    warden.disconnect();
    const claimed = (await claim(warden)) ?? assert.fail('it was not found');
    const now = await remoteTree(claimed.client);
    assert.deepEqual([now.members[0]?.pid, now.leader], [before.members[0]?.pid, before.leader]);
    const chunks: Buffer[] = [];
    const output = { tree: id, from: 0, whenBehind: 'wait', follow: true } as const;
    claimed.client.readOutput(output, { onChunk: (chunk) => void chunks.push(chunk) });
    const numbers = (): number[] =>
      [
        ...Buffer.concat(chunks)
          .toString()
          .matchAll(/^line (\d+)$/gm),
      ].map(([, number]) => Number(number));
    const count = numbers().length;
    await eventually('its output goes on', () => numbers().length > count + 50);
    assert.deepEqual(
      numbers(),
      numbers().map((_, index) => index),
    );
    claimed.client.dispose();
    await eventually('nothing is left here or there', () => survivorsOf(run.folder).length === 0, 60_000);
  });
});
