/** Limits on real trees. Which of them the kernel holds depends on the machine; that they hold does not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDuration } from '../../src/protocol/format.ts';
import { withTimeEnough } from '../support/growingTimes.ts';
import { eventually, Run } from '../support/run.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';
import { patientStop, TestWarden } from '../support/warden.ts';

const grows = ['perl', '-e', 'my @kept; while (1) { push @kept, "x" x (4 << 20); select undef, undef, undef, 0.02 }'] as const;
/** Doubles until something stops it; by itself at some thousand. */
const bomb = ['perl', '-e', 'for (1 .. 11) { fork; select undef, undef, undef, 0.15 } sleep 1000'] as const;

describe('a limit on', () => {
  for (const containment of ['group', 'auto'] as const) {
    it(`memory ends a tree that grows (${containment})`, async () => {
      await using warden = await TestWarden.start();
      const { id } = await warden.client.start(warden.request([...grows], { containment, limits: { memoryBytes: 100 * 2 ** 20 } }));
      const ended = await warden.ended(id);
      assert.match(ended.reason, /its memory limit of 100 MB was reached/);
      assert.ok(ended.state === 'killed' || ended.state === 'failed', ended.state);
      assert.ok((await warden.journal()).some((record) => record['event'] === 'limit-reached'));
    });

    it(`processes ends a fork bomb (${containment})`, async () => {
      await using warden = await TestWarden.start();
      const { id } = await warden.client.start(warden.request([...bomb], { containment, limits: { processes: 60 } }));
      const ended = await warden.ended(id);
      assert.equal(ended.reason, 'its limit of 60 processes was reached');
      assert.equal(ended.state, 'killed');
      assert.deepEqual(await survivorsAfterLooking(warden.run.workFolder), []);
    });
  }

  it('time stops it, with its grace', async () => {
    await withTimeEnough(async (timeMillis) => {
      await using warden = await TestWarden.start();
      const tree = await warden.startShell('trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.02; done', {
        limits: { timeMillis },
        stop: patientStop,
      });
      const ended = await warden.ended(tree.id);
      const printed = await warden.output(tree.id);
      if (!printed.includes('up')) return 'too early';
      assert.deepEqual([ended.state, ended.reason], ['exited', `its time limit of ${formatDuration(timeMillis)} was reached`]);
      assert.match(printed, /bye/);
      return undefined;
    });
  });

  it('open files is each member’s own', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('ulimit -n; ulimit -H -n; sh -c "ulimit -n"', { limits: { openFiles: 77 } });
    assert.equal(await warden.output(tree.id), '77\n77\n77\n');
  });

  it('anything can be only a warning', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('for n in 1 2 3 4 5; do sleep 100 & done; wait', { limits: { processes: 3 }, onLimit: 'warn' });
    const warned = await eventually('it is told', async () => {
      const found = await warden.tree(tree.id);
      return found.warning === undefined ? undefined : found;
    });
    assert.equal(warned.warning, 'its limit of 3 processes was reached');
    assert.equal(warned.state, 'ready');
    assert.deepEqual(warden.alerts, ["'test': its limit of 3 processes was reached."]);
  });

  it('anything can be a reason to start anew', async () => {
    await using warden = await TestWarden.start();
    const seen = await warden.recordSnapshots();
    const tree = await warden.startShell('sleep 100', { limits: { timeMillis: 300 }, onLimit: 'restart' });
    const next = await eventually('another one runs', () => seen.find(({ id, state }) => id !== tree.id && state === 'ready'));
    assert.notEqual(next.leader?.pid, tree.leader?.pid);
    assert.equal((await warden.tree(tree.id).catch(() => undefined))?.endedAt === undefined, false);
  });
});

describe('a window', () => {
  it('has no more trees than it may', async () => {
    await using warden = await TestWarden.start({}, undefined, { maxTrees: 2 });
    await warden.startShell('sleep 100', { name: 'a' });
    await warden.startShell('sleep 100', { name: 'b' });
    await assert.rejects(warden.startShell('sleep 100', { name: 'c' }), /'c' was not started: 2 trees are running, which is the limit/);
    await warden.stop((await warden.client.list())[0]?.id ?? assert.fail());
    await warden.startShell('sleep 100', { name: 'c' });
  });

  it('ends its biggest tree when there are too many processes', async () => {
    await using warden = await TestWarden.start({}, undefined, { maxProcesses: 12 });
    const small = await warden.startShell('sleep 100 & sleep 100 & wait', { name: 'small' });
    const big = await warden.startShell('for n in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 100 & done; wait', { name: 'big' });
    const ended = await warden.ended(big.id);
    assert.match(ended.reason, /^the window's limit of 12 processes was reached, and this tree had most of them/);
    assert.equal((await warden.tree(small.id)).state, 'ready');
  });

  it('has a time limit for trees without one of their own', async () => {
    await using warden = await TestWarden.start({}, undefined, { timeLimit: '300ms' });
    const { id } = await warden.startShell('sleep 100');
    assert.equal((await warden.ended(id)).reason, 'its time limit of 300 ms was reached');
  });
});

describe('priority', () => {
  it('is that of every member', async () => {
    await using warden = await TestWarden.start();
    const script = 'nice; ionice -p $$; taskset -pc $$';
    const tree = await warden.startShell(script, { priority: { nice: 7, io: 'idle', cpus: '0' } });
    assert.match(await warden.output(tree.id), /^7\nidle\n.*: 0\n$/);
  });

  it('whose program is missing is said in a sentence', async () => {
    await using warden = await TestWarden.start();
    await assert.rejects(
      warden.startShell('exit', { priority: { io: 'idle' }, env: { PATH: '/nowhere' } }),
      /There is no command 'ionice' in the PATH \(1 folder searched\)\. It is needed for the priority/,
    );
  });
});

describe('tree-warden run', () => {
  it('takes limits as options', async () => {
    await using run = new Run();
    const { code } = run.call(['run', '--time', '300ms', '--grace', '200ms', '--', 'sleep', '100']);
    assert.equal(code, 124);
    assert.equal(run.call(['run', '--open-files', '55', '--nice', '5', '--', 'sh', '-c', 'ulimit -n; nice']).stdout, '55\n5\n');
  });

  for (const [option, value, problem] of [
    ['--memory', 'lots', /--memory: 'lots' is not a size/],
    ['--cpu', '0', /--cpu: '0' is not a share of the processor/],
    ['--processes', '0', /--processes: must be at least 1/],
    ['--processes', 'x', /--processes: must be a whole number/],
    ['--time', '5', /--time: '5' is not a duration/],
    ['--open-files', '1.5', /--open-files: must be a whole number/],
    ['--nice', '20', /--nice: '20' is not a whole number from 0 to 19/],
    ['--nice', '-5', /--nice: '-5' is not a whole number from 0 to 19/],
    ['--memory', '0', /--memory: '0' is less than any program needs/],
  ] as const) {
    it(`refuses ${option} ${value}`, async () => {
      await using run = new Run();
      const { code, stderr } = run.call(['run', option, value, '--', 'true']);
      assert.equal(code, 2);
      assert.match(stderr, problem);
    });
  }
});
