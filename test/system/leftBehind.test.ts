/** Processes that belong to no window any more: real ones, planted, and those that must never be offered. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { LeftBehind, LeftBehindReport } from '../../src/protocol/leftBehind.ts';
import { plantOrphan } from '../support/orphans.ts';
import { cli, eventually, Run } from '../support/run.ts';
import { isAlive, startTimeOf } from '../support/survivors.ts';

/** Answers to nothing but a kill, with a child that does so too; says in its folder at which port it listens. */
const server = `
process.on('SIGTERM', () => {});
require('node:child_process').spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)"], { stdio: 'ignore' });
const server = require('node:net').createServer().listen(0, '127.0.0.1', () => require('node:fs').writeFileSync('port', String(server.address().port)));
`;

/** Of a server that was started in this folder. */
async function portIn(folder: string): Promise<number> {
  const path = join(folder, 'port');
  return await eventually('it listens', () => (existsSync(path) && Number(readFileSync(path, 'utf8'))) || undefined);
}

/** An orphan in a session of its own. */
function plant(
  run: Run,
  argv: readonly string[],
  { cwd = run.workFolder, env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): number {
  return plantOrphan(argv, { cwd, env: { ...run.env, ...env } });
}

function find(run: Run, ...args: string[]): readonly LeftBehind[] {
  const { code, stdout, stderr } = run.call(['left-behind', '--json', ...args]);
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as LeftBehindReport).found;
}

const pidsOf = (found: readonly LeftBehind[]): number[] => found.map(({ pid }) => pid).sort((a, b) => a - b);

/** Itself and its children, as the kernel has them now. */
function familyOf(pid: number): number[] {
  return [pid, ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number)];
}

async function endAll(pids: readonly number[]): Promise<void> {
  for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await eventually('they have ended', () => !pids.some(isAlive));
}

describe('tree-warden left-behind', () => {
  it('finds an orphan with its ports, and ends its whole tree', async () => {
    await using run = new Run();
    const pid = plant(run, [process.execPath, '-e', server]);
    const port = await portIn(run.workFolder);
    const family = await eventually('it listens and has its child', () => {
      const [one] = find(run);
      return one?.ports.length === 1 && one.processes === 2 ? familyOf(pid) : undefined;
    });
    const [one, ...others] = find(run);
    assert.deepEqual(others, []);
    assert.equal(one?.pid, pid);
    assert.equal(one.program, 'node -e');
    assert.equal(one.reason, 'parentGone');
    assert.equal(one.cwd, run.workFolder);
    assert.deepEqual(
      one.ports.map((each) => each.port),
      [port],
    );
    assert.ok(one.ageMillis > 0 && one.ageMillis < 600_000);
    assert.match(
      run.call(['left-behind']).stdout,
      new RegExp(`^ *PID +PROGRAM .*\\n *${pid} +node -e +:${port} .* what started it is gone`),
    );

    const unasked = run.call(['left-behind', '--kill']);
    assert.equal(unasked.code, 2);
    assert.match(unasked.stderr, /No terminal can ask for a confirmation; use --yes/);
    assert.equal(run.onTerminal(['left-behind', '--kill'], 'n\n').code, 1);
    assert.ok(family.every(isAlive), 'a no is a no');
    assert.deepEqual(run.call(['left-behind', '--kill', '--yes']), { code: 0, stdout: `node -e (pid ${pid}): ended\n`, stderr: '' });
    assert.ok(!family.some(isAlive));
    assert.equal(run.call(['left-behind']).stdout, 'No process was left behind here.\n');
  });

  it('ends what outlives its parent meanwhile', async () => {
    await using run = new Run();
    // The parent ends at the first request; then its child is an orphan, and its grandchild, in a session of its own, is one too.
    const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6);";
    const child = `${deaf} require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(deaf)}], { stdio: 'ignore', detached: true });`;
    const pid = plant(run, [
      process.execPath,
      '-e',
      `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'ignore' }); setInterval(() => {}, 1e6)`,
    ]);
    await eventually('all three run', () => find(run)[0]?.processes === 3);
    const family = [...familyOf(pid), ...familyOf(familyOf(pid)[1] ?? 0).slice(1)];
    assert.equal(family.length, 3);
    assert.equal(run.call(['left-behind', '--kill', '--yes']).code, 0);
    assert.ok(!family.some(isAlive));
  });

  it('finds a daemon without environment, whose working directory is elsewhere', async () => {
    await using run = new Run();
    const script = join(run.workFolder, 'daemon.cjs');
    writeFileSync(script, 'setInterval(() => {}, 1e6)');
    // Twice forked, the leader of its session gone.
    const pid = Number(
      execFileSync('setsid', ['env', '-i', '/bin/sh', '-c', 'cd /; "$0" "$1" >/dev/null 2>&1 & echo $!', process.execPath, script], {
        cwd: run.workFolder,
        encoding: 'utf8',
      }),
    );
    await eventually('it is found', () => pidsOf(find(run)).includes(pid));
    assert.deepEqual(pidsOf(find(run)), [pid]);
    assert.equal(run.call(['left-behind', '--kill', '--yes']).code, 0);
    assert.ok(!isAlive(pid));
  });

  it('finds what names the workspace by a symbolic link, and tells a folder that was removed from one that is called so', async () => {
    await using run = new Run();
    const [real, link, removed, called] = ['real', 'link', 'x', 'x (deleted)'].map((name) => join(run.workFolder, name)) as [
      string,
      string,
      string,
      string,
    ];
    for (const folder of [real, removed, called]) mkdirSync(folder);
    symlinkSync(real, link);
    const byLink = plant(run, ['tail', '-f', '/dev/null', join(link, 'log')], { cwd: '/' });
    const inRemoved = plant(run, ['sleep', '600'], { cwd: removed });
    const inCalled = plant(run, ['sleep', '600'], { cwd: called });
    try {
      rmdirSync(removed);
      await eventually('all are found', () => pidsOf(find(run)).length >= 2 && find(run, link).length > 0);
      assert.deepEqual(
        [link, removed, called].map((folder) => pidsOf(find(run, folder))),
        [[byLink], [inRemoved], [inCalled]],
      );
    } finally {
      await endAll([byLink, inRemoved, inCalled]);
    }
  });

  it('finds what runs in the other worktrees of the repository, also where git has not been told that they are gone', async () => {
    await using run = new Run();
    const [main, linked, removed] = ['main', 'linked', 'removed'].map((name) => join(run.workFolder, name)) as [string, string, string];
    const git = (...args: string[]): unknown =>
      execFileSync('git', ['-C', main, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { stdio: 'ignore', env: run.env });
    mkdirSync(main);
    git('init', '-q');
    git('commit', '-q', '--allow-empty', '-m', 'first');
    git('worktree', 'add', '-q', linked);
    git('worktree', 'add', '-q', removed);
    const pids = [linked, removed, main].map((cwd) => plant(run, ['sleep', '600'], { cwd }));
    try {
      execFileSync('rm', ['-r', removed]);
      await eventually('all are found', () => pidsOf(find(run, main)).length === 3);
      assert.deepEqual(
        pidsOf(find(run, main)),
        [...pids].sort((a, b) => a - b),
      );
      assert.deepEqual(
        pidsOf(find(run, linked)),
        [...pids].sort((a, b) => a - b),
        'from a linked one, too',
      );
      mkdirSync(join(main, 'packages'));
      const others = pidsOf(find(run, join(main, 'packages')));
      assert.deepEqual(
        others,
        pids.slice(0, 2).sort((a, b) => a - b),
        'of its own worktree, a part is looked at where a part is open',
      );
    } finally {
      await endAll(pids);
    }
  });

  it('is certain where the environment names a window that is gone, and offers nothing of one that is open', async () => {
    await using run = new Run();
    const [open, stale, missing] = ['open', 'stale', 'missing'].map((name) => join(run.folder, name)) as [string, string, string];
    const window = createServer().listen(open);
    // A socket whose process was killed stays where it is.
    spawnSync(process.execPath, [
      '-e',
      "require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))",
      stale,
    ]);
    assert.ok(existsSync(stale));
    const marks: readonly NodeJS.ProcessEnv[] = [
      { VSCODE_IPC_HOOK_CLI: stale, VSCODE_PID: String(process.pid) },
      { VSCODE_GIT_IPC_HANDLE: missing },
      { VSCODE_IPC_HOOK: missing, VSCODE_PID: String(2 ** 22 - 1) },
      { VSCODE_IPC_HOOK_CLI: open },
      { VSCODE_PID: String(process.pid) },
    ];
    const pids = marks.map((env) => plant(run, ['sleep', '600'], { env }));
    try {
      const reasonOf = (pid: number, found: readonly LeftBehind[]): string | undefined => found.find((one) => one.pid === pid)?.reason;
      const found = await eventually('those are found', () => {
        const all = find(run);
        return all.length >= 3 ? all : undefined;
      });
      assert.deepEqual(
        pids.map((pid) => reasonOf(pid, found)),
        ['windowGone', 'windowGone', 'editorGone', undefined, undefined],
      );
    } finally {
      window.close();
      await endAll(pids);
    }
  });

  it('offers nothing whose window it cannot see: in a container, its socket may be served', async (test) => {
    if (process.getuid?.() !== 0) return test.skip('needs root');
    await using run = new Run();
    const missing = join(run.folder, 'missing');
    const env = { VSCODE_IPC_HOOK_CLI: missing };
    const pids = [
      plant(run, ['sleep', '600'], { env }),
      plant(run, ['unshare', '--mount', 'sleep', '600'], { env }),
      plant(run, ['unshare', '--pid', '--fork', '--kill-child', 'sleep', '600'], { env }),
    ];
    const families = (): number[] => pids.flatMap((pid) => familyOf(pid));
    try {
      await eventually('they run', () => families().length === 4);
      await eventually('each is in its place', () => readlinkSync(`/proc/${pids[1]}/ns/mnt`) !== readlinkSync('/proc/self/ns/mnt'));
      assert.deepEqual(
        pidsOf(find(run)).filter((pid) => families().includes(pid) && pid !== pids[0]),
        [],
      );
      assert.deepEqual(
        pidsOf(find(run)).filter((pid) => pid === pids[0]),
        [pids[0]],
      );
    } finally {
      await endAll(families());
    }
  });

  it('finds a program of the workspace that was called by a relative path and runs elsewhere, also when its file is gone', async () => {
    await using run = new Run();
    const program = join(run.workFolder, 'server');
    copyFileSync('/bin/sleep', program);
    const pid = plant(run, ['bash', '-c', 'cd / && exec -a ./server "$0" 600', program]);
    try {
      await eventually('the shell has become it', () => readlinkSync(`/proc/${pid}/exe`) === program);
      await eventually('it is found', () => pidsOf(find(run)).includes(pid));
      unlinkSync(program);
      assert.deepEqual(pidsOf(find(run)), [pid]);
    } finally {
      await endAll([pid]);
    }
  });

  it('finds what holds a wanted port, wherever it runs', async () => {
    await using run = new Run();
    const elsewhere = join(run.folder, 'elsewhere');
    mkdirSync(elsewhere);
    const pid = plant(run, [process.execPath, '-e', server], { cwd: elsewhere });
    const port = await portIn(elsewhere);
    const family = await eventually('it has its child', () => (familyOf(pid).length === 2 ? familyOf(pid) : undefined));
    try {
      await eventually('it is found by its port', () => pidsOf(find(run, '--port', String(port))).includes(pid));
      assert.deepEqual(find(run, '--port', String(port))[0]?.wantedPorts, [port]);
      assert.deepEqual(find(run), [], 'it is of no interest otherwise');
      assert.equal(run.call(['left-behind', '--port', 'http']).code, 2);
      assert.equal(run.call(['left-behind', '--yes']).code, 2);
    } finally {
      await endAll(family);
    }
  });

  it('never offers what has a terminal, a living parent, a multiplexer or a tree of Tree Warden', async (test) => {
    await using run = new Run();
    // Its parent has ended, but its terminal is open.
    const terminal = run.spawn('script', ['-qec', "sh -c '(sleep 601 &)'; sleep 600", '/dev/null']);
    const child = run.spawn('sleep', ['602']);
    const shell = run.spawn('setsid', ['sh', '-c', '(sleep 603 &) ; sleep 604']);
    const guarded = run.call(['run', '--detached', '--', 'sh', '-c', 'setsid sleep 605 & exec sleep 606']);
    assert.equal(guarded.code, 0, guarded.stderr);
    const socket = join(run.folder, 'tmux');
    const hasTmux = spawnSync('tmux', ['-V']).error === undefined;
    if (hasTmux)
      // Its shell is named: it would else take the user's, which refuses to run anything where that is `nologin`.
      spawnSync('tmux', ['-S', socket, '-f', '/dev/null', 'new-session', '-d', 'setsid sleep 607 & exec sleep 608'], {
        cwd: run.workFolder,
        env: { ...run.env, SHELL: '/bin/sh' },
      });
    else test.diagnostic('tmux is not installed, so its server was not tried');
    const planted = plant(run, ['sleep', '609']);
    const sleeping = (): number[] => sleepersIn(run.workFolder);
    try {
      const expected = hasTmux ? 10 : 8;
      await eventually('all of them run', () => sleeping().length === expected);
      // A process that is found, and no other: the search has seen them all.
      assert.deepEqual(pidsOf(find(run)), [planted]);
    } finally {
      run.call(['kill', '--all']);
      if (hasTmux) spawnSync('tmux', ['-S', socket, 'kill-server']);
      await endAll([...sleeping(), child.pid, shell.pid, terminal.pid]);
    }
  });

  it('never offers a process of another user, nor ends one', async (test) => {
    if (process.getuid?.() !== 0) return test.skip('only root can start a process of another user');
    await using run = new Run();
    const pid = plantOrphan(['sleep', '600'], { cwd: run.workFolder, env: run.env, uid: 65534 });
    try {
      assert.deepEqual(find(run), []);
      assert.match(endDirectly(run, `${pid}:${startTimeOf(pid)}`), /it has ended, or belongs to a window again/);
      assert.ok(isAlive(pid));
    } finally {
      await endAll([pid]);
    }
  });

  it('ends only the very process that was found', async () => {
    await using run = new Run();
    const pid = plant(run, ['sleep', '600']);
    await eventually('it is found', () => pidsOf(find(run)).includes(pid));
    try {
      for (const wrong of [`${pid}:1`, `${process.pid}:${startTimeOf(process.pid)}`, '1:0', `${pid}`])
        assert.match(endDirectly(run, wrong), /it has ended, or belongs to a window again/);
      assert.ok(isAlive(pid));
      assert.equal(endDirectly(run, `${pid}:${startTimeOf(pid)}`), `[{"process":"${pid}:${startTimeOf(pid)}"}]`);
      assert.ok(!isAlive(pid));
    } finally {
      await endAll([pid]);
    }
  });

  it('finds nothing where the platform tells nothing, and says so', async () => {
    await using run = new Run({ TREE_WARDEN_PLATFORM: 'portable' });
    const { code, stdout, stderr } = run.call(['left-behind']);
    assert.deepEqual([code, stdout], [1, 'No process was left behind here.\n']);
    assert.match(stderr, /This platform does not tell where processes come from/);
  });
});

/** By the program itself, as the extension calls it. */
function endDirectly(run: Run, wanted: string): string {
  const script = join(dirname(cli), 'leftBehind.js');
  return execFileSync(process.execPath, [script, 'end', '--process', wanted, run.workFolder], { env: run.env, encoding: 'utf8' }).trim();
}

/** Those of these tests, by where they run. */
function sleepersIn(folder: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const isOne = readFileSync(`/proc/${name}/cmdline`, 'latin1').startsWith('sleep\0') && readlinkSync(`/proc/${name}/cwd`) === folder;
      return isOne ? Number(name) : [];
    } catch {
      return []; // It is no process, or has just ended.
    }
  });
}
