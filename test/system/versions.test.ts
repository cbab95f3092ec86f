/** Sides of different protocol versions see and end one another's trees; everything else is refused with the version that it needs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { takeOverWarden } from '../../src/client/otherWardens.ts';
import { connectToWarden } from '../../src/client/wardenClient.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import { cli, eventually, Run, wardenScript } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';
import { Version2Client, Version2Warden } from '../support/version2.ts';
import { TestWarden } from '../support/warden.ts';

const notTakenOver =
  /^The processes of the warden 0\.1\.0 \(pid 4000001\) can be listed, stopped and killed, but not taken over: that needs protocol version 3, as new window \S+ speaks it, and the warden 0\.1\.0 \(pid 4000001\) speaks version 2\. Stop them and start them again to have them guarded by the newer version\.$/;

/** The old warden lives in this process: it is not to be blocked. */
async function call(run: Run, args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [cli, ...args], { env: run.env, cwd: run.workFolder });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

for (const lifetime of ['managed', 'detached'] as const) {
  describe(`a ${lifetime} warden of version 2`, () => {
    it('is listed, and its tree stopped by its own escalation or at once', async () => {
      await using run = new Run();
      await using warden = await Version2Warden.start(run, lifetime);
      assert.match((await call(run, ['ps'])).stdout, /\bold\b.*\bready\b.*\b4000000\b/);
      assert.deepEqual(await call(run, ['kill', 'old']), { code: 0, stdout: 'old: stopped\n', stderr: '' });
      assert.deepEqual(warden.asked.at(-1), [
        'stop',
        {
          ...{ tree: '11111111-2222-4333-8444-555555555555', now: false, reason: 'stopped by tree-warden kill' },
          // A reader ignores fields that it does not know.
          reasonData: { code: 'stoppedBy', values: ['tree-warden kill'] },
        },
      ]);
    });

    it('has its tree killed at once', async () => {
      await using run = new Run();
      await using warden = await Version2Warden.start(run, lifetime);
      assert.equal((await call(run, ['kill', '--all', '--now'])).code, 0);
      assert.deepEqual(warden.asked.filter(([method, params]) => method === 'stop' && (params as { readonly now: boolean }).now).length, 1);
    });

    it('is not asked for anything else, and the command says which version that needs', async () => {
      await using run = new Run();
      await using warden = await Version2Warden.start(run, lifetime);
      for (const command of ['logs', 'restart']) {
        const { code, stderr } = await call(run, [command, 'old']);
        assert.equal(code, 1);
        assert.match(
          stderr,
          /needs protocol version 3, as tree-warden \w+ \S+ speaks it; the warden 0\.1\.0 \(pid 4000001\) speaks version 2\. Its processes can be listed and stopped/,
        );
      }
      assert.deepEqual(new Set(warden.asked.map(([method]) => method)), new Set(['list']));
    });

    it('is told of by doctor', async () => {
      await using run = new Run();
      await using _warden = await Version2Warden.start(run, lifetime);
      const { code, stdout } = await call(run, ['doctor']);
      assert.equal(code, 1);
      assert.match(stdout, /\(pid 4000001\)\n +It is of version 0\.1\.0: its processes can be listed and stopped, and nothing else\./);
    });

    it('cannot be taken over, and says which version that needs and what to do', async () => {
      await using run = new Run();
      await using warden = await Version2Warden.start(run, lifetime);
      const client = await connectToWarden(join(warden.folder, 'warden.sock'), 'new window');
      assert.match(client.versionProblem ?? '', notTakenOver);
      await assert.rejects(client.takeOwnership(), { data: { reason: 'versionNeeded' } });
      assert.deepEqual(warden.asked, [], 'the old warden is not asked what it does not know');
      assert.equal((await client.list()).length, 1);
      client.dispose();
    });

    it('is inspected, watched by listing, and shut down by a client', async () => {
      await using run = new Run();
      await using warden = await Version2Warden.start(run, lifetime);
      const client = await connectToWarden(join(warden.folder, 'warden.sock'), 'test');
      assert.equal(client.hasOnlyCore, true);
      assert.equal((await client.inspect()).platform, 'linux');
      const seen: string[] = [];
      client.onTrees((trees) => seen.push(...trees.map(({ state }) => state)));
      assert.equal((await client.watch(100))[0]?.state, 'ready');
      await client.stop({ tree: '11111111-2222-4333-8444-555555555555' as TreeId, now: false, reason: 'stopped' });
      await eventually('the end is seen', () => seen.includes('exited'));
      await client.shutdown('the test is over');
      assert.equal(
        warden.asked.some(([method]) => method === 'watch'),
        false,
      );
      client.dispose();
    });
  });
}

it('a window that was updated while it was reloaded says why its warden of version 2 is not taken over', async () => {
  await using run = new Run();
  await using _warden = await Version2Warden.start(run, 'managed');
  const before = process.env['TREE_WARDEN_RUNTIME_DIR'];
  process.env['TREE_WARDEN_RUNTIME_DIR'] = run.runtimeFolder;
  const problems: string[] = [];
  try {
    const window = { window: 'file:///an/old/window', workspace: '/an/old/window' };
    assert.equal(
      await takeOverWarden(wardenScript, window, 'new window', { onVersionProblem: (problem) => void problems.push(problem) }),
      undefined,
    );
  } finally {
    if (before === undefined) delete process.env['TREE_WARDEN_RUNTIME_DIR'];
    else process.env['TREE_WARDEN_RUNTIME_DIR'] = before;
  }
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', notTakenOver);
});

/** Each starts a warden with one tree, and answers with its record folder, the tree's id and its leader's pid. */
const wardens: Record<string, (run: AsyncDisposableStack) => Promise<{ folder: string; id: string; pid: number }>> = {
  managed: async (stack) => {
    const warden = stack.use(await TestWarden.start());
    const { id, leader } = await warden.startShell('sleep 1000', { name: 'new' });
    return { folder: warden.client.welcome.folder, id, pid: leader?.pid ?? 0 };
  },
  detached: async (stack) => {
    const run = stack.use(new Run());
    assert.equal(run.call(['run', '--detached', '--name', 'new', '--', 'sleep', '1000']).code, 0);
    const tree = await eventually('it is listed', () => run.ps()[0]);
    return { folder: join(run.runtimeFolder, run.wardenIds()[0] ?? ''), id: tree.id, pid: tree.leader.pid };
  },
};

for (const [lifetime, start] of Object.entries(wardens)) {
  describe(`a client of version 2, at a ${lifetime} warden`, () => {
    it('is welcomed, and sees its trees with every field of that version', async () => {
      await using stack = new AsyncDisposableStack();
      const { folder, id, pid } = await start(stack);
      using client = new Version2Client(folder);
      const welcome = (await client.hello()).result as Record<string, unknown>;
      assert.equal(welcome['protocol'], 2);
      for (const key of ['version', 'warden', 'pid', 'shortcomings', 'journalFile', 'workspace', 'lifetime', 'folder'])
        assert.ok(key in welcome, key);
      const [tree] = (await client.ask('list')).result as [Record<string, unknown>];
      assert.deepEqual([tree['id'], tree['name'], tree['state'], tree['lifetime']], [id, 'new', 'ready', lifetime]);
      assert.equal((tree['leader'] as { readonly pid: number }).pid, pid);
      for (const key of ['reason', 'health', 'commandLine', 'cwd', 'stdio', 'containment']) assert.equal(typeof tree[key], 'string', key);
      for (const key of ['startedAt', 'cpuPercent', 'memoryBytes', 'readRate', 'writeRate', 'zombies'])
        assert.equal(typeof tree[key], 'number', key);
      const [member] = tree['members'] as [Record<string, unknown>];
      for (const key of ['pid', 'parent', 'threads', 'cpuPercent', 'memoryBytes']) assert.equal(typeof member[key], 'number', key);
      for (const key of ['zombie', 'stray']) assert.equal(typeof member[key], 'boolean', key);
      const inspection = (await client.ask('inspect')).result as Record<string, unknown>;
      for (const key of ['startedAt', 'platform', 'adoptsOrphans', 'switchPid', 'trees', 'memoryBytes']) assert.ok(key in inspection, key);
    });

    for (const now of [false, true])
      it(now ? 'kills a tree at once' : 'stops a tree by its escalation', async () => {
        await using stack = new AsyncDisposableStack();
        const { folder, id, pid } = await start(stack);
        using client = new Version2Client(folder);
        await client.hello();
        const stopped = (await client.ask('stop', { tree: id, now, reason: 'stopped by tree-warden kill' })).result as Record<
          string,
          unknown
        >;
        assert.equal(typeof stopped['endedAt'], 'number');
        assert.equal(isAlive(pid), false);
      });

    it('shuts the warden down', async () => {
      await using stack = new AsyncDisposableStack();
      const { folder, pid } = await start(stack);
      using client = new Version2Client(folder);
      await client.hello();
      assert.deepEqual((await client.ask('shutdown', { reason: 'the test is over', now: false })).error, undefined);
      assert.equal(isAlive(pid), false);
    });

    it('is refused everything else, with the version that it needs and a code', async () => {
      await using stack = new AsyncDisposableStack();
      const { folder, id, pid } = await start(stack);
      using client = new Version2Client(folder);
      await client.hello();
      const others: [string, object?][] = [
        ['watch', { intervalMillis: 0 }],
        ['output/subscribe', { tree: id, from: 0, whenBehind: 'skip', follow: false }],
        ['restart', { tree: id, now: false, reason: 'restarted' }],
        ['claim'],
        ['models/list'],
      ];
      for (const [method, params] of others) {
        const { error } = await client.ask(method, params);
        assert.equal(error?.code, 4, method);
        assert.match(
          error?.message ?? '',
          /needs protocol version 3, as the warden \S+ speaks it; tree-warden ps speaks version 2\. Update tree-warden ps; until then/,
        );
      }
      assert.ok(isAlive(pid));
    });
  });
}
