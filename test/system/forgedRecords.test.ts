/** A record decides which processes get killed; one that lies ends nothing that was not of its tree. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { limitMarkOf } from '../../src/warden/marks.ts';
import { cli, eventually, isInPath, Run } from '../support/run.ts';
import { isAlive, startTimeOf } from '../support/survivors.ts';

const fixture = fileURLToPath(new URL('../fixtures/forged.ts', import.meta.url));
const isRoot = process.getuid?.() === 0;
const user = isRoot ? [] : ['--user', '--map-current-user'];
const namespace = [
  'unshare',
  ...user,
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  '/bin/sh',
  '-c',
  '"$@"; exit $?',
  'init',
] as const;
const [unshare, ...unshareArgs] = namespace;
const canUnshare = spawnSync(unshare, [...unshareArgs, 'true']).status === 0;

describe('a forged record', { skip: canUnshare ? false : 'no PID namespaces here' }, () => {
  it('ends nothing that is older, protected, or only on a list in a plain file', async () => {
    await using run = new Run();
    const { stdout, stderr } = spawnSync(unshare, [...unshareArgs, process.execPath, fixture, cli, run.folder], {
      env: run.env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.ok(stdout, `nothing was left to tell: ${stderr}`);
    const outcomes = JSON.parse(stdout) as Record<string, { innocentAlive: boolean; killFile: string; code: number; said: string }>;
    assert.equal(Object.keys(outcomes).length, 6);
    for (const [what, outcome] of Object.entries(outcomes))
      assert.deepEqual({ what, alive: outcome.innocentAlive, kill: outcome.killFile }, { what, alive: true, kill: '' }, outcome.said);
  });
});

const tree = '22222222-2222-4222-8222-222222222222';
const [victim, stranger] = [23_001, 23_002];

/** Whether it is a child of this warden, and runs its own program as this user. */
function isOrphanOf(warden: number, pid: number, uid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return [`Name:\tsleep\n`, `PPid:\t${warden}\n`, `Uid:\t${uid}\t`].every((line) => status.includes(line));
  } catch {
    return false;
  }
}

/** As another user, of whom the password file knows nothing. */
function asUser(uid: number, argv: readonly string[], env: NodeJS.ProcessEnv): ChildProcess & { readonly pid: number } {
  const args = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...argv];
  return spawn('setpriv', args, { env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'], detached: true }) as ReturnType<typeof asUser>;
}

async function ended(child: ChildProcess): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

/** A run whose folders are of `uid`. */
function runOf(uid: number): Run {
  const run = new Run({ HOME: '/nonexistent' });
  chmodSync(run.folder, 0o755);
  mkdirSync(join(run.folder, 'state'));
  for (const folder of [run.workFolder, join(run.folder, 'state'), run.folder]) chownSync(folder, uid, uid);
  return run;
}

/** Leaves the record of a tree whose warden and leader are gone, as `uid` would have written it. */
function leaveRecord(run: Run, uid: number): void {
  const folder = join(run.runtimeFolder, '0123abcd');
  mkdirSync(folder, { recursive: true });
  const base = { format: 1, bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(), startedAt: 0 };
  const gone = { pid: 4_000_000, startTime: 1 };
  const warden = {
    ...base,
    warden: '0123abcd',
    process: gone,
    version: '0',
    workspace: '',
    window: '',
    lifetime: 'managed',
    homes: [],
  };
  writeFileSync(join(folder, 'warden.json'), JSON.stringify(warden));
  const nothing = { group: null, session: null, containment: 'group', container: null, detached: null };
  const record = { ...base, tree, name: 'it', leader: gone, ...nothing, members: [gone] };
  writeFileSync(join(folder, `${tree}.tree.json`), JSON.stringify(record));
  for (const path of [run.runtimeFolder, folder]) chownSync(path, uid, uid);
  for (const name of readdirSync(folder)) chownSync(join(folder, name), uid, uid);
}

describe('another user', { skip: isRoot && isInPath('setpriv') ? false : 'only root can become others' }, () => {
  for (const [who, uid] of [
    ['root', 0],
    ['an ordinary user', victim],
  ] as const)
    it(`who copies the mark of a tree of ${who} is no member, and holds up no sweep`, async () => {
      await using run = runOf(uid);
      const mark = limitMarkOf(tree);
      // Of root's trees, the id is the secret of their processes: see below.
      const env = uid === 0 ? run.env : { ...run.env, TREE_WARDEN_TREE: tree };
      const copy = asUser(stranger, ['prlimit', `--rttime=${mark}`, 'sleep', '1000'], env);
      try {
        await eventually('it carries the mark', () => /Max realtime timeout +\d/.test(readFileSync(`/proc/${copy.pid}/limits`, 'utf8')));
        leaveRecord(run, uid);
        const { code, stdout, stderr } = await ended(asUser(uid, [process.execPath, cli, 'sweep', '--json'], run.env));
        assert.equal(code, 0, stderr);
        // One that is taken for a member is killed, or is waited for and told of.
        const { swept } = JSON.parse(stdout) as { swept: { trees: { killed: number; problem: string }[] }[] };
        assert.deepEqual(
          swept.flatMap(({ trees }) => trees.map(({ killed, problem }) => ({ killed, problem }))),
          [{ killed: 0, problem: '' }],
        );
        assert.deepEqual(readdirSync(run.runtimeFolder), []);
        assert.ok(isAlive(copy.pid));
      } finally {
        copy.kill('SIGKILL');
      }
    });

  it('that a member has become is ended with it, after a crash too', async () => {
    await using run = new Run();
    const become = `setpriv --reuid=${stranger} --regid=${stranger} --clear-groups setsid sleep 1000 & sleep 1000`;
    const child = run.start(['run', '--name', 'it', '--', 'sh', '-c', become]);
    const found = await eventually('it is there', () => {
      const [one] = run.ps();
      return (one?.members.filter(({ name }) => name === 'sleep').length ?? 0) >= 2 ? one : undefined;
    });
    const members = found.members.map(({ pid }) => ({ pid, startTime: startTimeOf(pid) }));
    for (const pid of [found.warden.pid, child.pid]) process.kill(pid, 'SIGKILL');
    await eventually('no process is left', () => members.every(({ pid, startTime }) => startTimeOf(pid) !== startTime));
  });

  it('that a process has become which was born after the last look of the warden is ended with the tree', async () => {
    await using run = new Run();
    // It has no parent of the tree, session or group any more when the warden dies.
    const become = `(setpriv --reuid=${stranger} --regid=${stranger} --clear-groups setsid sleep 1000 &)`;
    const child = run.start([
      'run',
      '--containment',
      'group',
      '--name',
      'it',
      '--',
      'sh',
      '-c',
      `until [ -e go ]; do sleep 0.05; done; ${become}; sleep 1000`,
    ]);
    const warden = await eventually('it is there', () => run.ps()[0]?.warden.pid);
    process.kill(warden, 'SIGSTOP');
    writeFileSync(join(run.workFolder, 'go'), '');
    const orphan = await eventually('it has become another user', () =>
      readdirSync('/proc')
        .map(Number)
        .find((pid) => isOrphanOf(warden, pid, stranger)),
    );
    const startTime = startTimeOf(orphan);
    for (const pid of [child.pid, warden]) process.kill(pid, 'SIGKILL');
    await eventually('it is gone', () => startTimeOf(orphan) !== startTime);
  });

  it('without an entry in the password file runs commands, lists, sweeps and asks what the machine offers', async () => {
    for (const [what, env] of [
      ['with a home', { HOME: '/nonexistent' }],
      ['without', { HOME: undefined }],
    ] as const) {
      await using run = runOf(victim);
      for (const [args, expected] of [
        [['run', '--', 'sh', '-c', 'echo ran'], /^ran$/m],
        [['run', '--', 'sh', '-c', 'cd ~ 2>/dev/null; echo ran'], /^ran$/m],
        [['ps', '--json'], /^\[\]$/m],
        [['sweep'], /Nothing was left behind/],
        [['doctor'], /group/],
      ] as const) {
        const { code, stdout, stderr } = await ended(asUser(victim, [process.execPath, cli, ...args], { ...run.env, ...env }));
        assert.equal(code, 0, `${args.join(' ')} ${what}: ${stderr}`);
        assert.match(stdout, expected);
      }
    }
  });
});
