/** What a client waits for ends with its warden, and says so. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentHost } from '../../src/agent/host.ts';
import { agentTools } from '../../src/agent/tools.ts';
import { WardenGoneError } from '../../src/client/wardenGone.ts';
import { eventually } from '../support/run.ts';
import { isAlive, survivorsAfterLooking } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const noisy = 'while :; do echo "a line of output that is as long as most of them are"; done';

describe('when the warden is killed', () => {
  it('every subscription ends, and every question that waits is refused', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell(noisy);
    let received = 0;
    const request = { tree: id, from: 0, whenBehind: 'wait', follow: true } as const;
    const output = warden.client.readOutput(request, {
      onChunk: (chunk) => {
        received += chunk.length;
      },
    });
    await eventually('it has begun', () => received > 0);
    const { pid } = warden.process;
    process.kill(pid, 'SIGSTOP');
    const unknown = warden.client.readOutput(request, { onChunk: () => undefined });
    const [listed, stopped] = [warden.client.list(), warden.stop(id)];
    process.kill(pid, 'SIGKILL');
    const refused = [output.complete(), unknown.complete(), listed, stopped].map((waiting) => assert.rejects(waiting, WardenGoneError));
    await Promise.all(refused);
    await warden.process.ended;
    assert.deepEqual(await survivorsAfterLooking(warden.run.workFolder), []);
  });

  it('an agent’s read_output ends with that', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('echo hello; sleep 1000');
    const read = agentTools.find(({ name }) => name === 'read_output') ?? assert.fail();
    const host = { trees: () => Promise.resolve([{ client: warden.client, tree }]) } as unknown as AgentHost;
    await eventually('it has printed', async () => (await read.run(host, { process: 'test' })) === 'hello');
    process.kill(warden.process.pid, 'SIGSTOP');
    const reading = read.run(host, { process: 'test' });
    process.kill(warden.process.pid, 'SIGKILL');
    await assert.rejects(reading, WardenGoneError);
    await warden.process.ended;
    assert.equal(isAlive(warden.process.pid), false);
  });
});
