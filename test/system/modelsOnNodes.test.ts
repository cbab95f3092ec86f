/** Servers of one model that run as jobs of a real Slurm, behind the gateway of this machine. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ModelRequest, ModelSnapshot } from '../../src/protocol/models.ts';
import { fakeModel, TestModels } from '../support/models.ts';
import { whyNoNetwork } from '../support/nodeNetwork.ts';
import { eventually } from '../support/run.ts';
import { nodeNames, SlurmCluster, whyNoCluster } from '../support/slurmCluster.ts';
import { survivorsOf } from '../support/survivors.ts';
import { testScope } from '../support/testScope.ts';
import { TestWarden } from '../support/warden.ts';

const skip = whyNoCluster() ?? false;
const full = testScope() === 'full' ? false : 'it takes a minute: TREE_WARDEN_TESTS=full';

describe('a model with the runner "slurm"', { skip }, () => {
  let cluster: SlurmCluster;
  before(async () => {
    // Where there can be, on nodes with networks of their own: what is asked comes there by a forwarded port only.
    const distant = whyNoNetwork() === undefined ? nodeNames : [];
    cluster = await SlurmCluster.start({ killWait: 5, cpusPerNode: 2, distant });
  });
  after(async () => await cluster?.[Symbol.asyncDispose]());

  const start = async (changes: Partial<ModelRequest>, job: { readonly timeMillis?: number } = {}, env = {}): Promise<TestModels> => {
    const warden = await TestWarden.start({ ...cluster.env, ...env });
    const model = fakeModel(warden, [], { name: 'far', ...changes });
    const runner = { type: 'slurm', leaseMillis: 30_000, workspace: warden.run.workFolder, ...job } as const;
    return await TestModels.of(warden, [{ ...model, start: { ...model.start, runner } }]);
  };
  const nothingIsLeft = async ({ warden: { run } }: TestModels): Promise<void> => {
    await eventually('no job is left', () => cluster.jobs()?.length === 0, 60_000);
    await eventually('no server is left', () => !survivorsOf(run.folder).some(({ command }) => /server\.cjs|remote\.js/.test(command)));
  };

  it('is loaded by the first request, and gives its allocation back after its ttl', async () => {
    await using models = await start({ ttlMillis: 500 });
    const { status, text } = await models.chat('far', 'say 2');
    assert.equal(status, 200, text);
    assert.match(text, /far-0 far-1/);
    await nothingIsLeft(models);
    assert.equal((await models.chat('far', 'say 1')).status, 200);
    await models.warden.client.unloadModel('far', true);
    await nothingIsLeft(models);
  });

  it('is replaced before its time limit, and every request is answered', { skip: full }, async () => {
    await using models = await start({}, { timeMillis: 60_000 }, { PATH: cluster.pathWithoutMoreTime() });
    assert.equal((await models.chat('far', 'say 1')).status, 200);
    const [first] = cluster.jobs() ?? assert.fail('the controller does not answer');
    const during = models.chat('far', 'say 2 hold go');
    await models.until('far', ({ outstanding }) => outstanding === 1);
    const draining = ({ instances }: ModelSnapshot): boolean => instances.some(({ state }) => state === 'draining');
    await eventually('it takes no requests any more', async () => draining(await models.model('far')), 90_000);
    const behind = models.chat('far', 'say 3');
    await models.until('far', ({ queued }) => queued === 1);
    models.letGo('go');
    const { status, text } = await during;
    assert.equal(status, 200, text);
    assert.match(text, /far-0 far-1/);
    const next = await behind;
    assert.equal(next.status, 200, next.text);
    assert.match(next.text, /far-0 far-1 far-2/);
    assert.equal(
      cluster.jobs()?.some(({ id }) => id === first?.id),
      false,
    );
    await models.warden.client.unloadModel('far', true);
    await nothingIsLeft(models);
  });
});
