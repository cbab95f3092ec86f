/** What comes from outside to processes that run as jobs of Slurm: its daemons, its administrators, its limits, and the network. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { eventually, exitOf } from '../support/run.ts';
import { SlurmCluster, whyNoCluster } from '../support/slurmCluster.ts';
import { SlurmProject } from '../support/slurmProject.ts';
import { isAlive, killIfThere } from '../support/survivors.ts';
import { testScope } from '../support/testScope.ts';

const skip = whyNoCluster() ?? false;
const full = testScope() === 'full' ? false : 'it takes up to two minutes: TREE_WARDEN_TESTS=full';

const stop = ['SIGTERM', '1s', 'SIGKILL'];
const far = (command: string, runner: object = {}): object => ({ command, pty: false, stop, runner: { type: 'slurm', ...runner } });
/** As long as a busy machine takes to start the programs of a connection, and not so long that a test could not wait until it is over. */
const short = { lease: '20s' };
const sleeper = `(setsid env -i /bin/sh -c 'sleep 700; :' &) ; exec sleep 702`;

describe('what happens to jobs of Slurm from outside', { skip }, () => {
  let cluster: SlurmCluster;
  before(async () => {
    cluster = await SlurmCluster.start({ killWait: 5, cpusPerNode: 4 });
  });
  after(async () => await cluster?.[Symbol.asyncDispose]());
  afterEach(() => eventually('the nodes are idle', () => cluster.isIdle, 60_000));

  const ended = async (project: SlurmProject, up: ReturnType<SlurmProject['start']>): Promise<void> => {
    const begun = performance.now();
    up.kill('SIGTERM');
    await exitOf(up);
    await project.nothingIsLeft();
    console.log(`  none is left after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  };

  it('says why Slurm takes no job', async () => {
    await using project = new SlurmProject(cluster, {
      nowhere: far('exec sleep 600', { partition: 'nowhere' }),
      big: far('exec sleep 600', { memory: '900g' }),
      gpus: far('exec sleep 600', { gpus: 4 }),
    });
    const { stdout, stderr } = project.call(['up']);
    const said = `${stdout}${stderr}`;
    assert.match(said, /^nowhere +\| exited with code 1 before it was ready: Slurm has taken no job: .*Invalid partition name/m);
    assert.match(said, /^big +\| exited .*: Slurm has taken no job: .*Requested node configuration is not available/m);
    assert.match(said, /^gpus +\| exited .*: Slurm has taken no job: .*Invalid generic resource/m);
    await project.nothingIsLeft();
  });

  it('takes the id of a job from what plugins print around it, whatever the process is called', async () => {
    const name = 'web: a/b @c 1';
    await using project = new SlurmProject(cluster, { [name]: far('echo it runs') });
    const folder = join(project.folder, 'bin');
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'sbatch'),
      '#!/bin/sh\necho "lua: job 12 of 34 allowed"\necho "sbatch: plugin loaded" >&2\nPATH=${PATH#*:} sbatch "$@"; c=$?\necho "lua: done"; exit $c\n',
      { mode: 0o755 },
    );
    const { code, stdout } = project.call(['up'], { env: { PATH: `${folder}:${project.env['PATH']}` } });
    assert.match(stdout, /it runs/);
    assert.equal(code, 0);
    await project.nothingIsLeft();
  });

  it('waits while a job is held, and runs when it is released', { skip: full }, async () => {
    await using project = new SlurmProject(cluster, { held: far(sleeper, { extra: ['--hold'] }) });
    const up = project.start(['up']);
    const { remote } = await project.says('held', /JobHeldUser/);
    cluster.ask('scontrol', 'release', remote?.job ?? '');
    await project.runs('held');
    await ended(project, up);
  });

  it('says that a job was put back into the queue, and leaves nothing of it there', { skip: full }, async () => {
    await using project = new SlurmProject(cluster, { again: far(sleeper, { extra: ['--requeue'] }), other: far(sleeper) });
    const up = project.start(['up']);
    await project.runs('other');
    const { remote } = await project.runs('again');
    cluster.ask('scontrol', 'requeue', remote?.job ?? '');
    await project.says('again', /the job was put back into the queue/);
    assert.equal(project.tree('again')?.state, 'failed');
    await eventually('only the other one is left', () => cluster.jobs()?.length === 1);
    await ended(project, up);
  });

  it('says that a job was cancelled from outside', async () => {
    await using project = new SlurmProject(cluster, { gone: far(sleeper), other: far(sleeper) });
    const up = project.start(['up']);
    await project.runs('other');
    const { remote } = await project.runs('gone');
    cluster.ask('scancel', remote?.job ?? '');
    await project.says('gone', /the job was cancelled/);
    assert.equal(project.tree('gone')?.state, 'failed');
    await ended(project, up);
  });

  it('outlives being suspended for longer than its lease', { skip: full }, async () => {
    await using project = new SlurmProject(cluster, { held: far(sleeper, short) });
    const up = project.start(['up']);
    const before = await project.runs('held');
    cluster.ask('scontrol', 'suspend', before.remote?.job ?? '');
    const since = performance.now();
    await project.says('held', /does not run for a while: the job is suspended/);
    await eventually('its lease would be over', () => performance.now() - since > 25_000, 60_000);
    cluster.ask('scontrol', 'resume', before.remote?.job ?? '');
    const now = await project.runs('held');
    assert.equal(now.id, before.id);
    assert.ok(before.members.every(({ pid }) => isAlive(pid)));
    await ended(project, up);
  });

  it('reaches a node again after its connection was dead, and prints all of its output once', async () => {
    await using project = new SlurmProject(cluster, {
      // Three quarters of a short lease would be over when it is noticed that the connection is dead.
      far: far('i=0; while [ $i -lt 100000 ]; do i=$((i+1)); echo "line $i"; sleep 0.1; done', { lease: '1m' }),
    });
    const up = project.start(['up']);
    let printed = '';
    up.stdout?.on('data', (data: Buffer) => {
      printed += data.toString();
    });
    const before = await project.runs('far');
    const dead = project.processes(/^srun --jobid/).map(({ pid }) => pid);
    for (const pid of dead) killIfThere(pid, 'SIGSTOP');
    await eventually('another one is made', () => project.processes(/^srun --jobid/).some(({ pid }) => !dead.includes(pid)), 60_000);
    const lines = (): number[] => [...printed.matchAll(/line (\d+)\n/g)].map(([, number]) => Number(number));
    const count = lines().length;
    await eventually('it prints again', () => lines().length > count + 20);
    assert.deepEqual(
      lines(),
      lines().map((_, index) => index + 1),
    );
    assert.equal((await project.runs('far')).id, before.id);
    await ended(project, up);
  });

  it('goes on when the daemon of its node is killed, and ends when it is stopped', { skip: full }, async () => {
    await using project = new SlurmProject(cluster, { far: far(sleeper, { node: 'node2' }) });
    const up = project.start(['up']);
    const before = await project.runs('far');
    await cluster.kill('node2');
    try {
      assert.ok(before.members.every(({ pid }) => isAlive(pid)));
      assert.equal(project.tree('far')?.remote?.phase, 'running');
      up.kill('SIGTERM');
      await eventually('its processes are gone', () => project.processes(/^sleep/).length === 0);
    } finally {
      cluster.startNode('node2');
    }
    await exitOf(up);
    await project.nothingIsLeft();
  });

  it('goes on without the controller, and can be stopped meanwhile', { skip: full }, async () => {
    await using project = new SlurmProject(cluster, { far: far(sleeper) });
    const up = project.start(['up']);
    const before = await project.runs('far');
    await cluster.kill('slurmctld');
    try {
      assert.ok(before.members.every(({ pid }) => isAlive(pid)));
      up.kill('SIGTERM');
      const begun = performance.now();
      await eventually('its processes are gone', () => project.processes(/^sleep/).length === 0);
      console.log(`  its processes: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
      await exitOf(up);
      console.log(`  up: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    } finally {
      cluster.startController();
    }
    await project.nothingIsLeft();
  });

  it('fails to start without the controller, and says so', { skip: full }, async () => {
    await using project = new SlurmProject(cluster, { far: far(sleeper) });
    await cluster.kill('slurmctld');
    try {
      const { stdout, stderr } = project.call(['up']);
      console.log(stdout, stderr);
      assert.match(stdout + stderr, /Unable to contact slurm controller/i);
    } finally {
      cluster.startController();
    }
    await project.nothingIsLeft();
  });

  it('goes on when its node is drained, and what comes then says why it waits', { skip: full }, async () => {
    await using project = new SlurmProject(cluster, {
      first: far(sleeper, { node: 'node1' }),
      late: { ...far(sleeper, { node: 'node1', cpus: 4 }), dependsOn: { first: 'ready' } },
    });
    const up = project.start(['up']);
    try {
      await project.runs('first');
      cluster.ask('scontrol', 'update', 'NodeName=node1', 'State=DRAIN', 'Reason=test');
      console.log(`  ${(await project.says('late', /waits in the queue of Slurm \(.+\)/)).reason}`);
      assert.equal(project.tree('first')?.remote?.phase, 'running');
      await ended(project, up);
    } finally {
      cluster.ask('scontrol', 'update', 'NodeName=node1', 'State=RESUME');
    }
  });

  it('tells the warden that takes it over how it is', async () => {
    await using project = new SlurmProject(cluster, { far: far(sleeper) });
    assert.equal(project.call(['up', '--detach']).code, 0);
    // Before that, a shell that has only to start the others may be one of three.
    const settled = ['sh', 'sleep', 'sleep'];
    const namesOf = ({ members }: TreeSnapshot): string[] => members.map(({ name }) => name).sort();
    const all = async (): Promise<TreeSnapshot> =>
      await eventually('all of it is told', async () => {
        const tree = await project.runs('far');
        return isDeepStrictEqual(namesOf(tree), settled) && tree;
      });
    const before = await all();
    for (const { pid } of project.processes(/warden\.js serve (?!.*--lease)/)) killIfThere(pid, 'SIGKILL');
    const now = await all();
    assert.equal(now.id, before.id);
    assert.deepEqual(
      now.members.map(({ pid }) => pid),
      before.members.map(({ pid }) => pid),
    );
    project.call(['kill', 'far']);
    await eventually('no job is left', () => cluster.jobs()?.length === 0);
    project.call(['down']);
    await project.nothingIsLeft();
  });

  it('ends with its node when that cannot be reached for longer than the lease', { skip: full }, async () => {
    await using project = new SlurmProject(cluster, {
      far: far(sleeper, { node: 'node1', ...short }),
      here: { command: 'exec sleep 600', pty: false },
    });
    const up = project.start(['up']);
    const before = await project.runs('far');
    const daemon = cluster.pidOf('node1');
    killIfThere(daemon, 'SIGSTOP');
    try {
      for (const { pid } of project.processes(/^srun --jobid/)) killIfThere(pid, 'SIGSTOP');
      const begun = performance.now();
      await eventually('its processes are gone', () => before.members.every(({ pid }) => !isAlive(pid)), 60_000);
      console.log(`  its processes: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
      // What has run the job there is not hung, and may tell the controller of its end.
      const { reason } = await project.says(
        'far',
        /node1 was not reached for longer than its lease of 20 s: |its node has failed|the job has ended/,
      );
      console.log(`  ${reason}`);
    } finally {
      killIfThere(daemon, 'SIGCONT');
    }
    await ended(project, up);
  });

  it('is given more time once, and says when its time limit was reached', { skip: full }, async () => {
    await using project = new SlurmProject(cluster, { short: far(sleeper, { time: '1m' }), other: far(sleeper) });
    const up = project.start(['up']);
    await project.runs('other');
    const before = await project.runs('short');
    const endsAt = before.remote?.endsAt ?? 0;
    assert.ok(endsAt > before.startedAt);
    await eventually('it has more time', () => (project.tree('short')?.remote?.endsAt ?? 0) > endsAt + 50_000, 90_000);
    cluster.ask('scontrol', 'update', `JobId=${before.remote?.job}`, 'TimeLimit=1');
    await project.says('short', /its time limit was reached/, 120_000);
    await eventually('it has failed', () => project.tree('short')?.state === 'failed', 60_000);
    await ended(project, up);
  });

  it('is told that it ends when it is given no more time, is stopped before, and started again', { skip: full }, async () => {
    const saving = `trap 'echo "saved at $(date +%s)"; exit 0' TERM; echo it runs; while :; do sleep 0.1; done`;
    await using project = new SlurmProject(
      cluster,
      { short: { ...far(saving, { time: '1m' }), stop: ['SIGTERM', '10s', 'SIGKILL'], restart: 'on-failure' } },
      { PATH: cluster.pathWithoutMoreTime() },
    );
    const up = project.start(['up']);
    let printed = '';
    up.stdout?.on('data', (data: Buffer) => {
      printed += data.toString();
    });
    const before = await project.runs('short');
    const endsAt = before.remote?.endsAt ?? 0;
    const told = await project.says('short', /^ends at .* by its time limit: it was not given more time \(.*permission denied\)$/, 90_000);
    console.log(`  told ${((endsAt - Date.now()) / 1000).toFixed(1)} s before: ${told.reason}`);
    const now = await eventually(
      'another one runs',
      () => {
        const tree = project.tree('short');
        return tree?.remote?.phase === 'running' && tree.id !== before.id && tree;
      },
      90_000,
    );
    const savedAt = Number(printed.match(/saved at (\d+)/)?.[1]) * 1000;
    console.log(`  its stop ran ${(endsAt - savedAt) / 1000} s before`);
    assert.ok(savedAt < endsAt, printed);
    assert.match(printed, /its time limit was reached/);
    assert.notEqual(now.remote?.job, before.remote?.job);
    await ended(project, up);
  });
});
