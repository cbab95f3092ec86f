/** A process that runs as a job of a real Slurm, as the view shows it. */
import { after, before, describe, it } from 'node:test';
import { writeProcesses } from '../support/declared.ts';
import { Editor } from '../support/editor.ts';
import { eventually } from '../support/run.ts';
import { SlurmCluster, whyNoCluster } from '../support/slurmCluster.ts';

describe('a process with the runner "slurm" in the view', { skip: whyNoCluster() ?? false }, () => {
  let cluster: SlurmCluster;
  let editor: Editor;
  before(async () => {
    cluster = await SlurmCluster.start({ killWait: 5, cpusPerNode: 2 });
    const runner = { type: 'slurm', cpus: 2, node: 'node1' };
    editor = await Editor.open({
      workspace: null,
      env: cluster.env,
      prepare: (folder) =>
        writeProcesses(folder, {
          train: { command: 'echo "on $SLURMD_NODENAME"; sleep 600 & exec sleep 601', runner },
          later: { command: 'exec sleep 602', runner },
        }),
    });
    await editor.showProcesses();
  });
  after(async () => {
    await editor?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  it('has its node, its members and its output, and why it waits, in its row; a stop takes the job away', async () => {
    await editor.warden('Start', 'train');
    await editor.waitForRow('train', /on node1/);
    await editor.waitForTerminal(/on node1/);
    await editor.warden('Start', 'later');
    await editor.waitForRow('later', /waits in the queue of Slurm \(/);
    await editor.screenshot('processes on slurm');
    await editor.warden('Stop', 'later');
    await eventually('its job is gone', () => cluster.jobs()?.length === 1);
    await editor.warden('Stop', 'train');
    await eventually('no job is left', () => cluster.jobs()?.length === 0);
    await eventually('no process of theirs is left', () => editor.pidsWith('sleep 60').length === 0);
  });
});
