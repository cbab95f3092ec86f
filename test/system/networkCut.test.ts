/** Nodes that cannot be reached for a while: for less than the lease of what runs there, and for longer. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { NodeNetwork, whyNoNetwork } from '../support/nodeNetwork.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { nodeNames, SlurmCluster, whyNoCluster } from '../support/slurmCluster.ts';
import { SlurmProject } from '../support/slurmProject.ts';
import { SshServer, whyNoSshServer } from '../support/sshServer.ts';
import { isAlive, killIfThere, survivorsOf } from '../support/survivors.ts';
import { testScope } from '../support/testScope.ts';

const full = testScope() === 'full' ? false : 'it takes up to two minutes: TREE_WARDEN_TESTS=full';
const stop = ['SIGTERM', '1s', 'SIGKILL'];
const sleeper = `(setsid env -i /bin/sh -c 'sleep 700; :' &) ; setsid sleep 701 & exec sleep 702`;
const sleeperMembers = 4;
const counter = 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); echo "line $i"; sleep 0.1; done';
/** Something that goes on here, so that the command does as well. */
const other = { command: 'exec sleep 600', pty: false };

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** The numbers of the lines that are printed from now on. */
function linesOf(up: ReturnType<Run['start']>): () => number[] {
  let printed = '';
  up.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  return () => [...printed.matchAll(/line (\d+)$/gm)].map(([, number]) => Number(number));
}

async function printsAllOnce(lines: () => number[]): Promise<void> {
  const count = lines().length;
  await eventually('it prints again', () => lines().length > count + 20);
  assert.deepEqual(
    lines(),
    lines().map((_, index) => index + 1),
  );
}

const doesNotAnswer = (node: string): RegExp => new RegExp(`^${node} does not answer, and what runs there ends by itself: `);
const unreached = (node: string, lease: string): RegExp => new RegExp(`${node} was not reached for longer than its lease of ${lease}: `);

describe('the network of nodes of Slurm', { skip: full || (whyNoCluster() ?? whyNoNetwork() ?? false) }, () => {
  let cluster: SlurmCluster;
  before(async () => {
    cluster = await SlurmCluster.start({ killWait: 5, cpusPerNode: 4, distant: nodeNames, nodeTimeout: 300 });
  });
  after(async () => await cluster?.[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const node of nodeNames) cluster.network(node).restore();
    await eventually('the nodes are idle', () => cluster.isIdle, 90_000);
  });

  const far = (command: string, lease: string, more: object = {}): object => ({
    ...{ command, pty: false, stop, ...more },
    runner: { type: 'slurm', node: 'node1', lease },
  });

  it('that is back within the lease changes nothing, and all of the output comes, once', async () => {
    await using project = new SlurmProject(cluster, { far: far(counter, '40s') });
    const up = project.start(['up']);
    const lines = linesOf(up);
    const before = await project.runs('far');
    cluster.network('node1').cut();
    const begun = performance.now();
    await project.says('far', doesNotAnswer('node1'), 60_000);
    console.log(`  told after ${seconds(begun)}`);
    cluster.network('node1').restore();
    const back = performance.now();
    const now = await project.runs('far');
    console.log(`  reached again after ${seconds(back)}`);
    assert.equal(now.id, before.id);
    await printsAllOnce(lines);
    up.kill('SIGTERM');
    await exitOf(up);
    await project.nothingIsLeft();
  });

  it('that is cut for longer than the lease ends what runs there, and it is started again when the network is back', async () => {
    await using project = new SlurmProject(cluster, { far: far(sleeper, '8s', { restart: 'on-failure' }), other });
    const up = project.start(['up']);
    await eventually('all of it runs', () => project.tree('far')?.members.length === sleeperMembers, 60_000);
    const before = await project.runs('far');
    cluster.network('node1').cut();
    const begun = performance.now();
    await project.says('far', doesNotAnswer('node1'));
    console.log(`  told after ${seconds(begun)}`);
    await eventually('its processes are gone', () => before.members.every(({ pid }) => !isAlive(pid)), 30_000);
    console.log(`  its processes are gone after ${seconds(begun)}`);
    await project.says('far', unreached('node1', '8 s'), 60_000);
    console.log(`  told that it has failed after ${seconds(begun)}`);
    cluster.network('node1').restore();
    const back = performance.now();
    const now = await eventually(
      'another one runs',
      () => {
        const tree = project.tree('far');
        return tree?.remote?.phase === 'running' && tree.id !== before.id && tree;
      },
      120_000,
    );
    console.log(`  runs again ${seconds(back)} after the network is back`);
    assert.equal(now.remote?.node, 'node1');
    up.kill('SIGTERM');
    await exitOf(up);
    await project.nothingIsLeft();
  });

  it('that is cut of one node ends what runs there of a pool of six, and of all nodes, all of it', async () => {
    await using project = new SlurmProject(cluster, {
      work: { command: sleeper, pty: false, instances: 6, stop, runner: { type: 'slurm', lease: '6s' } },
      other,
    });
    const up = project.start(['up']);
    const workers = (): TreeSnapshot[] => project.trees().filter(({ name }) => name.startsWith('work'));
    const all = await eventually(
      'six run',
      () => workers().filter(({ members }) => members.length === sleeperMembers).length === 6 && workers(),
      90_000,
    );
    const pidsOn = (node: string): number[] =>
      all.flatMap(({ remote, members }) => (remote?.node === node ? members.map(({ pid }) => pid) : []));
    const [first, second] = [pidsOn('node1'), pidsOn('node2')];
    assert.ok(first.length > 0 && second.length > 0 && first.length + second.length === 6 * sleeperMembers);
    for (const [node, pids] of [
      ['node1', first],
      ['node2', second],
    ] as const) {
      cluster.network(node).cut();
      const begun = performance.now();
      await eventually(`nothing is left on ${node}`, () => !pids.some(isAlive), 30_000);
      console.log(`  ${pids.length} processes of ${node}: ${seconds(begun)}`);
      if (node === 'node1') assert.ok(second.every(isAlive));
    }
    await eventually('no warden is left on a node', () => project.processes(/warden\.js serve .*--lease/).length === 0, 30_000);
    up.kill('SIGTERM');
    for (const node of nodeNames) cluster.network(node).restore();
    await exitOf(up);
    await project.nothingIsLeft();
  });
});

describe('the network of a machine that ssh reaches', { skip: whyNoSshServer() ?? whyNoNetwork() ?? false }, () => {
  let network: NodeNetwork;
  let server: SshServer;
  before(async () => {
    network = await NodeNetwork.create();
    server = await SshServer.start(network);
  });
  afterEach(() => {
    network.restore();
    server.restore();
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await network?.[Symbol.asyncDispose]();
  });

  class SshProject extends Run {
    constructor(processes: Readonly<Record<string, object>>, lease: string) {
      super();
      const runner = { type: 'ssh', host: server.host, lease, extra: server.options({ folder: join(this.folder, 'node') }) };
      const far = Object.entries(processes).map(([name, written]) => [name, { pty: false, stop, ...written, runner }]);
      mkdirSync(join(this.workFolder, '.vscode'));
      const all = { ...Object.fromEntries(far), other };
      writeFileSync(join(this.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes: all }));
    }

    tree(): TreeSnapshot | undefined {
      return (JSON.parse(this.call(['ps', '--json', '--all']).stdout) as TreeSnapshot[])
        .filter(({ name }) => name === 'far')
        .sort((one, next) => next.startedAt - one.startedAt)[0];
    }

    async when(what: string, is: (tree: TreeSnapshot) => boolean, deadlineMillis = 60_000): Promise<TreeSnapshot> {
      let last = '';
      return await eventually(
        what,
        () => {
          const tree = this.tree();
          last = tree?.reason ?? '';
          return tree !== undefined && is(tree) && tree;
        },
        deadlineMillis,
      ).catch((error: Error) => assert.fail(`${error.message}; it says: ${last}`));
    }

    async nothingIsLeft(): Promise<void> {
      await eventually('no process is left', () => survivorsOf(this.folder).length === 0, 60_000).catch(() =>
        assert.deepEqual(survivorsOf(this.folder), []),
      );
    }

    clients(): number[] {
      return survivorsOf(this.folder).flatMap(({ pid, command }) => (/^ssh /.test(command) ? pid : []));
    }
  }
  const runs = ({ remote, members }: TreeSnapshot): boolean => remote?.phase === 'running' && members.length > 0;

  it('that is back within the lease changes nothing, and all of the output comes, once', async () => {
    await using project = new SshProject({ far: { command: counter } }, '20s');
    const up = project.start(['up']);
    const lines = linesOf(up);
    const before = await project.when('it runs', runs);
    network.cut();
    const begun = performance.now();
    await project.when('it is told', ({ reason }) => doesNotAnswer(server.host).test(reason));
    console.log(`  told after ${seconds(begun)}`);
    network.restore();
    const back = performance.now();
    const now = await project.when('it runs again', runs);
    console.log(`  reached again after ${seconds(back)}`);
    assert.equal(now.id, before.id);
    await printsAllOnce(lines);
    up.kill('SIGTERM');
    await exitOf(up);
    await project.nothingIsLeft();
  });

  it('is not needed for a new connection where the client alone hangs', { skip: full }, async () => {
    await using project = new SshProject({ far: { command: counter } }, '10s');
    const up = project.start(['up']);
    const lines = linesOf(up);
    const before = await project.when('it runs', runs);
    const hung = project.clients();
    assert.ok(hung.length > 0);
    for (const pid of hung) killIfThere(pid, 'SIGSTOP');
    const begun = performance.now();
    await eventually('another one is made', () => project.clients().some((pid) => !hung.includes(pid)));
    console.log(`  another connection after ${seconds(begun)}`);
    await printsAllOnce(lines);
    assert.equal((await project.when('it runs again', runs)).id, before.id);
    up.kill('SIGTERM');
    await exitOf(up);
    await project.nothingIsLeft();
  });

  const cuts = {
    'its cable': () => network.cut(),
    'all processes of sshd': () => server.cut(),
  };
  for (const [title, cut] of Object.entries(cuts)) {
    it(`that is cut for longer than the lease (${title}) ends what runs there, and it is started again`, { skip: full }, async () => {
      await using project = new SshProject({ far: { command: sleeper, restart: 'on-failure' } }, '8s');
      const up = project.start(['up']);
      const before = await project.when('it runs', ({ members }) => members.length === sleeperMembers);
      cut();
      const begun = performance.now();
      await project.when('it is told', ({ reason }) => doesNotAnswer(server.host).test(reason));
      console.log(`  told after ${seconds(begun)}`);
      await eventually('its processes are gone', () => before.members.every(({ pid }) => !isAlive(pid)), 30_000);
      console.log(`  its processes are gone after ${seconds(begun)}`);
      await project.when('it has failed', ({ reason }) => unreached(server.host, '8 s').test(reason));
      console.log(`  told that it has failed after ${seconds(begun)}`);
      network.restore();
      server.restore();
      const back = performance.now();
      const now = await project.when('another one runs', (tree) => runs(tree) && tree.id !== before.id, 120_000);
      console.log(`  runs again ${seconds(back)} after the network is back`);
      assert.ok(isAlive(now.members[0]?.pid ?? 0));
      up.kill('SIGTERM');
      await exitOf(up);
      await project.nothingIsLeft();
    });

    it(`that is cut (${title}) does not hold up a stop for longer than the lease and a connection take`, { skip: full }, async () => {
      await using project = new SshProject({ far: { command: sleeper } }, '8s');
      const up = project.start(['up']);
      const before = await project.when('it runs', ({ members }) => members.length === sleeperMembers);
      cut();
      const begun = performance.now();
      up.kill('SIGTERM');
      await exitOf(up);
      console.log(`  the command has ended after ${seconds(begun)}`);
      await eventually('its processes are gone', () => before.members.every(({ pid }) => !isAlive(pid)), 30_000);
      network.restore();
      server.restore();
      await project.nothingIsLeft();
    });
  }
});
