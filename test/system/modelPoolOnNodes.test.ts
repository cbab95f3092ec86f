/** A pool of servers on two nodes that loses some of them, and one of the nodes, while it is asked. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ModelRequest } from '../../src/protocol/models.ts';
import { fakeModel, TestModels } from '../support/models.ts';
import { eventually } from '../support/run.ts';
import { SlurmCluster, whyNoCluster } from '../support/slurmCluster.ts';
import { survivorsOf } from '../support/survivors.ts';
import { testScope } from '../support/testScope.ts';
import { TestWarden } from '../support/warden.ts';

const skip = testScope() === 'full' ? (whyNoCluster() ?? false) : 'TREE_WARDEN_TESTS=full';

describe('a pool of four servers on two nodes', { skip }, () => {
  let cluster: SlurmCluster;
  before(async () => {
    cluster = await SlurmCluster.start({ killWait: 5, cpusPerNode: 4, spreads: true });
  });
  after(async () => await cluster?.[Symbol.asyncDispose]());

  const start = async (changes: Partial<ModelRequest>): Promise<TestModels> => {
    const warden = await TestWarden.start(cluster.env);
    const model = fakeModel(warden, [], { name: 'far', ...changes });
    const runner = { type: 'slurm', leaseMillis: 20_000, workspace: warden.run.workFolder } as const;
    return await TestModels.of(warden, [{ ...model, start: { ...model.start, runner } }]);
  };
  const nothingIsLeft = async ({ warden: { run } }: TestModels): Promise<void> => {
    await eventually('no job is left', () => cluster.jobs()?.length === 0, 60_000);
    await eventually('no server is left', () => !survivorsOf(run.folder).some(({ command }) => /server\.cjs|remote\.js/.test(command)));
  };

  // The nodes are this machine: a server that hangs is asked without a tunnel between, so what it was asked waits until Slurm calls its node down (SlurmdTimeout, 20 s here).
  const losses: Readonly<Record<string, { readonly lose: () => Promise<void> | void; readonly restore: () => void }>> = {
    'loses its power': { lose: () => cluster.lose('node2'), restore: () => cluster.startNode('node2') },
    'does not answer any more': { lose: () => cluster.freeze('node2'), restore: () => cluster.thaw('node2') },
  };
  for (const [title, { lose, restore }] of Object.entries(losses))
    it(`answers each of 1,000 requests whole, or with an error, while servers crash and a node ${title}`, {
      timeout: 280_000,
    }, async () => {
      await using models = await start({ instances: 4, maxConcurrent: 8 });
      const readyInstances = async (): Promise<number> =>
        (await models.model('far')).instances.filter(({ state }) => state === 'ready').length;
      await models.warden.client.loadModel('far');
      const nodes = (await models.warden.client.list()).map(({ remote }) => remote?.node);
      assert.deepEqual(nodes.toSorted(), ['node1', 'node1', 'node2', 'node2']);
      const events = new Map<number, () => unknown>([
        [200, () => models.chat('far', 'say 9 slow 20 crash 3', { stream: true }).catch(() => undefined)],
        [400, () => models.chat('far', 'say 9 slow 20 crash 3', { stream: true }).catch(() => undefined)],
        [600, lose],
      ]);
      const tally = { whole: 0, withError: 0, brokenOff: 0, lost: 0 };
      let [asked, longest, lostAt] = [0, 0, 0];
      const client = async (): Promise<void> => {
        while (asked < 1000) {
          const number = ++asked;
          if (number === 600) lostAt = performance.now();
          void events.get(number)?.();
          const begun = performance.now();
          tally[await outcomeOf(models)]++;
          longest = Math.max(longest, performance.now() - begun);
        }
      };
      try {
        await Promise.all(Array.from({ length: 16 }, client));
        console.log(`${title}: ${JSON.stringify(tally)}, the slowest in ${(longest / 1000).toFixed(1)} s`);
        assert.equal(tally.lost, 0);
        assert.equal(tally.whole + tally.withError + tally.brokenOff, 1000);
        assert.equal((await models.chat('far', 'say 1')).status, 200);
      } finally {
        restore();
      }
      await eventually('all four are there again', async () => (await readyInstances()) === 4, 120_000);
      console.log(`${title}: four again ${((performance.now() - lostAt) / 1000).toFixed(1)} s after it was lost`);
      await models.warden.client.unloadModel('far', true);
      await nothingIsLeft(models);
    });
});

/** Of one streamed request: an answer that ends without its end, and without an error, is lost. */
async function outcomeOf(models: TestModels): Promise<'whole' | 'withError' | 'brokenOff' | 'lost'> {
  try {
    const { status, text } = await models.chat('far', 'say 5 slow 10', { stream: true });
    if (status !== 200) return 'withError';
    if (/"error"/.test(text)) return 'withError';
    return text.includes('[DONE]') && /far-4/.test(text) ? 'whole' : 'lost';
  } catch {
    return 'brokenOff';
  }
}
