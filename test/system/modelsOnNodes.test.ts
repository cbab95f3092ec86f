/** Servers of one model that run as jobs of a real Slurm, behind the gateway of this machine. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ModelRequest } from '../../src/protocol/models.ts';
import { fakeModel, TestModels } from '../support/models.ts';
import { eventually } from '../support/run.ts';
import { SlurmCluster, whyNoCluster } from '../support/slurmCluster.ts';
import { survivorsOf } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const skip = whyNoCluster() ?? false;

describe('a model with the runner "slurm"', { skip }, () => {
  let cluster: SlurmCluster;
  before(async () => {
    cluster = await SlurmCluster.start({ killWait: 5, cpusPerNode: 2 });
  });
  after(async () => await cluster?.[Symbol.asyncDispose]());

  const start = async (changes: Partial<ModelRequest>): Promise<TestModels> => {
    const warden = await TestWarden.start(cluster.env);
    const model = fakeModel(warden, [], { name: 'far', ...changes });
    const runner = { type: 'slurm', leaseMillis: 30_000, workspace: warden.run.workFolder } as const;
    return await TestModels.of(warden, [{ ...model, start: { ...model.start, runner } }]);
  };
  const nothingIsLeft = async ({ warden: { run } }: TestModels): Promise<void> => {
    await eventually('no job is left', () => cluster.jobs().length === 0, 60_000);
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
});
