/** What an agent is told that waits for a process. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { AgentHost } from '../../../src/agent/host.ts';
import { agentTools } from '../../../src/agent/tools.ts';
import type { TreeSnapshot } from '../../../src/protocol/snapshot.ts';

/** Waits for what is listed so, one list after the other, each of them told as a change. */
async function waitFor(...lists: Partial<TreeSnapshot>[][]): Promise<string> {
  let onChange = (): void => undefined;
  const host = {
    trees: async () => {
      const trees = (lists.length > 1 ? lists.shift() : lists[0]) ?? [];
      setImmediate(() => onChange());
      return trees.map((tree) => ({ client: {}, tree: { id: 'x', name: 'web', startedAt: 1, members: [], health: 'unknown', ...tree } }));
    },
    onChange: (listener: () => void) => {
      onChange = listener;
      return { dispose: () => undefined };
    },
  } as unknown as AgentHost;
  const tool = agentTools.find(({ name }) => name === 'wait_until_ready') ?? assert.fail('there is no such tool');
  return await tool.run(host, { process: 'web', timeoutSeconds: 60 });
}

const ended = { state: 'failed', reason: 'exited with code 3', endedAt: 2 } as const;
const ready = { id: 'y', state: 'ready', startedAt: 3 } as Partial<TreeSnapshot>;

it('is told of what takes the place of one that has ended, when it is ready, however that has to wait', async () => {
  const lists = [
    [{ state: 'starting' } as const],
    [{ ...ended, nextStartAt: 9, restarting: true } as const],
    [{ ...ended, restarting: true } as const],
  ];
  assert.match(await waitFor(...lists, [{ ...ended, restarting: true }, ready]), /"state": ?"ready"/);
});

it('is told of an end for good', async () => {
  await assert.rejects(waitFor([{ state: 'starting' }], [ended]), /'web' failed: exited with code 3/);
});
