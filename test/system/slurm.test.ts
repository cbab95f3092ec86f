/** Processes that run as jobs of a real Slurm of two nodes, which is on this machine. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually, exitOf } from '../support/run.ts';
import { SlurmCluster, whyNoCluster } from '../support/slurmCluster.ts';
import { SlurmProject } from '../support/slurmProject.ts';
import { killIfThere } from '../support/survivors.ts';
import { testScope } from '../support/testScope.ts';

const skip = whyNoCluster() ?? false;

describe('a process with the runner "slurm"', { skip }, () => {
  let cluster: SlurmCluster;
  before(async () => {
    cluster = await SlurmCluster.start({ killWait: 5, cpusPerNode: 4 });
  });
  after(async () => await cluster?.[Symbol.asyncDispose]());

  const project = (processes: Readonly<Record<string, object>>): SlurmProject => new SlurmProject(cluster, processes);

  it('runs on a node, prints what that prints, and ends as that ends', async () => {
    await using run = project({
      far: { command: 'echo "on $SLURMD_NODENAME in $PWD"; exit 3', pty: false, runner: { type: 'slurm', node: 'node2' } },
    });
    const { code, stdout } = run.call(['up']);
    assert.match(stdout, new RegExp(`^far \\| on node2 in ${run.workFolder}$`, 'm'));
    assert.equal(code, 3);
    assert.doesNotMatch(stdout, /remote\.js/);
    await run.nothingIsLeft();
  });

  it('has the members, the figures and the node in what is listed of it', async () => {
    await using run = project({ far: { command: 'sleep 600 & exec sleep 601', runner: 'slurm' } });
    const up = run.start(['up']);
    // They come from the node: the shell that becomes one of them, and figures of what has only just begun, before those that are meant.
    const tree = await eventually('it is listed with its members and figures', () => {
      const [one, ...others] = run.trees();
      assert.deepEqual(others, []);
      return one?.members.map(({ name }) => name).join() === 'sleep,sleep' && one.memoryBytes > 500_000 && one;
    });
    assert.match(tree.remote?.node ?? '', /^node[12]$/);
    assert.deepEqual([tree.state, tree.remote?.phase], ['ready', 'running']);
    assert.equal(tree.commandLine, 'sleep 600 & exec sleep 601');
    up.kill('SIGTERM');
    await exitOf(up);
    await run.nothingIsLeft();
  });

  it('waits in the queue with its reason, and can be stopped there', async () => {
    await using run = project({
      big: { command: 'exec sleep 600', pty: false, runner: { type: 'slurm', cpus: 4, node: 'node1' } },
      late: { command: 'exec sleep 601', pty: false, runner: { type: 'slurm', cpus: 4, node: 'node1' }, dependsOn: { big: 'ready' } },
    });
    const up = run.start(['up']);
    const waits = await eventually(
      'it waits',
      () => run.trees().find(({ name, remote }) => name === 'late' && remote?.phase === 'queued' && remote.reason !== undefined),
      60_000,
    );
    assert.equal(waits?.state, 'starting');
    assert.match(waits?.reason ?? '', /^waits in the queue of Slurm \((?:Resources|Priority|ReqNodeNotAvail|BeginTime|None).*\)$/);
    run.call(['kill', 'late']);
    await eventually('its job is gone', () => cluster.jobs()?.length === 1);
    up.kill('SIGTERM');
    await exitOf(up);
    await run.nothingIsLeft();
  });

  const worker = `echo "up $SLURMD_NODENAME"; (setsid env -i /bin/sh -c 'sleep 700; :' &) ; setsid sleep 701 & exec sleep 702`;
  const pool = {
    work: { command: worker, pty: false, instances: 6, stop: ['SIGTERM', '1s', 'SIGKILL'], runner: { type: 'slurm', lease: '20s' } },
  };
  const deaths: Readonly<Record<string, (run: SlurmProject, up: ReturnType<SlurmProject['start']>) => Promise<void> | void>> = {
    'a stop': (_, up) => void up.kill('SIGTERM'),
    'SIGKILL of the command that has started it': (_, up) => void up.kill('SIGKILL'),
    'SIGKILL of the wardens on the nodes': (run) => {
      for (const { pid } of run.processes(/warden\.js serve .*--lease/)) killIfThere(pid, 'SIGKILL');
    },
    'a cancel of the jobs from outside': () => void cluster.ask('scancel', '--user=root'),
    'SIGKILL of everything on this side': (run) => {
      for (const { pid } of run.processes(/cli\.js up|warden\.js serve (?!.*--lease)|remote\.js connect/)) killIfThere(pid, 'SIGKILL');
    },
  };
  // What takes the nodes' side and this one's.
  const sampled = new Set(['a stop', 'SIGKILL of everything on this side']);
  const full = testScope() === 'full' ? false : 'TREE_WARDEN_TESTS=full';
  for (const [title, end] of Object.entries(deaths))
    it(`leaves nothing of a pool of six on two nodes behind ${title}`, { skip: !sampled.has(title) && full }, async () => {
      await using run = project(pool);
      const up = run.start(['up']);
      await eventually(
        'six run',
        () => run.trees().filter(({ state, members }) => state === 'ready' && members.length >= 3).length === 6,
        60_000,
      );
      assert.deepEqual(new Set(run.trees().map(({ remote }) => remote?.node)), new Set(['node1', 'node2']));
      const begun = performance.now();
      await end(run, up);
      await run.nothingIsLeft();
      console.log(`${title}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    });
});
