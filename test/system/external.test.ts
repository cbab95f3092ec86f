/** Processes that Tree Warden did not start: looked at, marked, guarded, and let go again. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { takeOverWarden } from '../../src/client/otherWardens.ts';
import type { Guard } from '../../src/protocol/external.ts';
import type { FollowRequest } from '../../src/protocol/externalRequests.ts';
import type { LeftBehindReport } from '../../src/protocol/leftBehind.ts';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { parseStop } from '../../src/protocol/stopSteps.ts';
import { killAtOnce } from '../support/deaths.ts';
import { plantOrphan } from '../support/orphans.ts';
import { eventually, switchesOf, wardenScript } from '../support/run.ts';
import { clearAway, isAlive, survivorsAfterLooking, survivorsOf } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

/** A line on stdin starts a plain child, one in a session of its own and a daemon without an environment; the end of stdin ends the shell alone. */
const shell = `cd "$1"; while read -r line; do
  tail -f idle & setsid tail -f idle & (env -i setsid /usr/bin/tail -f "$1/idle" >/dev/null 2>&1 &); echo "$line"
done`;

/** A shell that the editor has started, so to speak. */
class Shell implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: string;

  constructor(warden: TestWarden) {
    this.#folder = warden.run.workFolder;
    this.#child = spawn('/bin/sh', ['-c', shell, 'sh', this.#folder], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  }

  get pid(): number {
    return this.#child.pid ?? assert.fail('it was not started');
  }

  /**
   * Three more processes run, and no other one. The shell itself, and what it has forked and is yet to become one of them, have the program's name in their script
   * too; it answers when the one has ended that it has started the daemon by.
   */
  async work(): Promise<void> {
    const programs = () => survivorsOf(this.#folder).filter(({ command }) => /^(?:\/usr\/bin\/)?tail /.test(command)).length;
    const before = programs();
    const answered = once(this.#child.stdout ?? assert.fail(), 'data');
    this.#child.stdin?.write('go\n');
    await eventually('its children run', () => programs() >= before + 3);
    await answered;
  }

  async end(): Promise<void> {
    // What it has started keeps its stdout.
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await clearAway(this.#folder);
  }
}

function requestFor(shell: Shell, guard: Guard, changes: Partial<FollowRequest> = {}): FollowRequest {
  return {
    pid: shell.pid,
    host: process.pid,
    kind: 'terminal',
    name: 'bash',
    guard,
    stop: parseStop(['SIGHUP', '300ms']),
    keepMillis: 0,
    ...changes,
  };
}

async function external(warden: TestWarden, id: string): Promise<TreeSnapshot | undefined> {
  return (await warden.client.watch(0, true)).find((tree) => tree.id === id);
}

const left = (warden: TestWarden) => survivorsAfterLooking(warden.run.workFolder);

describe('a process that is only looked at', () => {
  it('is shown with what it has started, to those who ask for it alone', async () => {
    await using warden = await TestWarden.start();
    await using shell = new Shell(warden);
    await shell.work();
    const tree = await warden.client.external.follow(requestFor(shell, 'watched'));
    assert.deepEqual(tree.external, { kind: 'terminal', guard: 'watched', hold: 'descent' });
    const seen = await eventually('its members are seen', async () => {
      const now = await external(warden, tree.id);
      return now !== undefined && now.members.length >= 3 && now.memoryBytes > 0 ? now : undefined;
    });
    assert.equal(seen.leader?.pid, shell.pid);
    assert.deepEqual(await warden.client.list(), []);
    assert.deepEqual(await warden.client.watch(0), []);
    assert.doesNotMatch(readFileSync(`/proc/${shell.pid}/limits`, 'utf8'), /Max realtime timeout\s+\d/);
  });

  for (const [how, end] of [
    ['the end of the warden', (warden: TestWarden) => warden.client.shutdown('the test is over', true)],
    ['a SIGKILL of the warden', (warden: TestWarden) => process.kill(warden.process.pid, 'SIGKILL')],
    ['the end of its owner', (warden: TestWarden) => warden.disconnect()],
  ] as const)
    it(`outlives ${how}`, async () => {
      await using warden = await TestWarden.start();
      await using shell = new Shell(warden);
      await warden.client.external.follow(requestFor(shell, 'watched'));
      await shell.work();
      const switches = switchesOf(warden.process.pid);
      await warden.client.watch(0, true);
      await end(warden);
      await eventually('warden and switch have ended', () => ![warden.process.pid, ...switches].some(isAlive));
      assert.ok(isAlive(shell.pid));
      const alive = await left(warden);
      assert.ok(alive.length >= 4, JSON.stringify(alive));
    });

  it('ends with what it has left when it is stopped', async () => {
    await using warden = await TestWarden.start();
    await using shell = new Shell(warden);
    // It ends when it is asked: on a busy machine, a kill would come first after a short grace.
    const tree = await warden.client.external.follow(requestFor(shell, 'watched', { stop: parseStop(['SIGHUP', '1m']) }));
    await warden.client.stop({ tree: tree.id, now: false, reason: 'stopped by the user' });
    assert.ok(!isAlive(shell.pid));
    assert.equal((await external(warden, tree.id))?.state, 'exited');
  });
});

describe('a process that is marked', () => {
  it('is found as left behind once its warden and its first process have ended, with all that it has started', async () => {
    await using warden = await TestWarden.start();
    await using shell = new Shell(warden);
    await warden.client.external.follow(requestFor(shell, 'marked'));
    await shell.work();
    const found = (): number => {
      const { code, stdout, stderr } = warden.run.call(['left-behind', '--json']);
      assert.equal(code, 0, stderr);
      return (JSON.parse(stdout) as LeftBehindReport).found.length;
    };
    process.kill(warden.process.pid, 'SIGKILL');
    await shell.end();
    await eventually('the three processes are found', () => found() === 3);
  });

  it('has what it leaves found, a daemon without an environment too', async () => {
    await using warden = await TestWarden.start();
    await using shell = new Shell(warden);
    const tree = await warden.client.external.follow(requestFor(shell, 'marked'));
    assert.equal(tree.external?.hold, 'marks');
    await shell.work();
    await shell.end();
    const after = await eventually('what it has left is told', async () => {
      const now = await external(warden, tree.id);
      return now?.external?.left ? now : undefined;
    });
    assert.equal(after.endedAt, undefined);
    assert.match(after.reason, /^its first process has ended, 3 members left$/);
    assert.equal((await left(warden)).length, 3);
    await warden.client.stop({ tree: tree.id, now: false, reason: 'stopped by the user' });
    assert.deepEqual(await left(warden), []);
  });

  it('keeps what it leaves when it is taken off the list', async () => {
    await using warden = await TestWarden.start();
    await using shell = new Shell(warden);
    const tree = await warden.client.external.follow(requestFor(shell, 'marked'));
    await shell.work();
    await shell.end();
    await warden.client.external.forget(tree.id);
    assert.equal(await external(warden, tree.id), undefined);
    await warden.client.shutdown('the test is over', true);
    await warden.process.ended;
    assert.equal((await left(warden)).length, 3);
  });
});

describe('a process that is guarded', () => {
  const ends: readonly (readonly [string, (warden: TestWarden, shell: Shell) => unknown])[] = [
    ['its first process ends', (_, shell) => shell.end()],
    ['its first process is killed', (_, shell) => process.kill(shell.pid, 'SIGKILL')],
    ['the warden ends', (warden) => warden.client.shutdown('the test is over', false)],
    ['its owner goes', (warden) => warden.disconnect()],
    ['the warden is killed', (warden) => process.kill(warden.process.pid, 'SIGKILL')],
    [
      'the warden is killed after its owner has gone',
      (warden) => {
        warden.disconnect();
        process.kill(warden.process.pid, 'SIGKILL');
      },
    ],
  ];
  for (const [when, end] of ends)
    for (const before of [true, false])
      it(`leaves nothing when ${when}; its children ${before ? 'there before' : 'born afterwards'}`, async () => {
        await using warden = await TestWarden.start();
        await using shell = new Shell(warden);
        if (before) {
          await warden.client.external.follow(requestFor(shell, 'marked'));
          await shell.work();
        }
        const tree = await warden.client.external.follow(requestFor(shell, 'guarded'));
        assert.match(tree.external?.hold ?? '', /^(?:marks|container)$/);
        if (!before) await shell.work();
        assert.ok((await left(warden)).length >= 4);
        await end(warden, shell);
        await eventually('nothing of it is left', async () => (await left(warden)).length === 0);
      });

  it('leaves nothing by its record when warden and switch were killed at once', async () => {
    await using warden = await TestWarden.start();
    await using shell = new Shell(warden);
    await warden.client.external.follow(requestFor(shell, 'guarded'));
    await shell.work();
    killAtOnce(...switchesOf(warden.process.pid), warden.process.pid);
    await warden.process.ended;
    await eventually('the client that owned it has ended it, or a sweep', async () => {
      warden.run.call(['sweep']);
      return (await left(warden)).length === 0;
    });
  });

  it('is let go again: no mark, no record, and it outlives the warden', async () => {
    await using warden = await TestWarden.start();
    await using shell = new Shell(warden);
    const cgroup = readFileSync(`/proc/${shell.pid}/cgroup`, 'utf8');
    const tree = await warden.client.external.follow(requestFor(shell, 'guarded'));
    await shell.work();
    const after = await warden.client.external.setGuard(tree.id, 'watched');
    assert.deepEqual(after.external, { kind: 'terminal', guard: 'watched', hold: 'descent' });
    assert.equal(readFileSync(`/proc/${shell.pid}/cgroup`, 'utf8'), cgroup);
    for (const { pid } of await left(warden)) assert.doesNotMatch(readFileSync(`/proc/${pid}/limits`, 'utf8'), /Max realtime timeout\s+\d/);
    process.kill(warden.process.pid, 'SIGKILL');
    await warden.process.ended;
    assert.ok((await left(warden)).length >= 4);
  });

  it('keeps the trees of another warden inside of it apart, and ends them with it', async () => {
    await using warden = await TestWarden.start();
    await using shell = new Shell(warden);
    await warden.client.external.follow(requestFor(shell, 'marked'));
    const inner = warden.run.start([
      'run',
      '--name',
      'inner',
      '--',
      'sh',
      '-c',
      'cd "$1"; setsid tail -f idle & wait',
      'sh',
      warden.run.workFolder,
    ]);
    await eventually('it runs', () => warden.run.ps().some(({ name, members }) => name === 'inner' && members.length >= 2));
    const outer = await warden.client.external.follow({ ...requestFor(shell, 'guarded'), pid: inner.pid, name: 'tree-warden run' });
    await eventually('its tree belongs to it', async () => {
      const now = await external(warden, outer.id);
      return now !== undefined && now.members.length >= 4 && now.members.some(({ name }) => name === 'tail');
    });
    assert.deepEqual(
      warden.run
        .ps()
        .map(({ name }) => name)
        .sort(),
      ['inner', 'tree-warden run'],
    );
    await warden.client.stop({ tree: outer.id, now: false, reason: 'stopped by the user' });
    await eventually('nothing of it is left', async () => (await left(warden)).every(({ command }) => !command.startsWith('tail ')));
  });
});

describe('a window that goes away', () => {
  it('has its own trees end, and a terminal wait for the next one', async () => {
    await using warden = await TestWarden.start();
    await using shell = new Shell(warden);
    const own = await warden.startShell('tail -f /dev/null');
    const tree = await warden.client.external.follow(requestFor(shell, 'guarded', { keepMillis: 20_000 }));
    await shell.work();
    warden.disconnect();
    await eventually('its own tree has ended', () => own.leader !== undefined && !isAlive(own.leader.pid));
    process.env['TREE_WARDEN_RUNTIME_DIR'] = warden.run.runtimeFolder;
    const next = await takeOverWarden(wardenScript, { window: warden.window, workspace: 'test' }, 'next').finally(
      () => delete process.env['TREE_WARDEN_RUNTIME_DIR'],
    );
    assert.ok(next !== undefined);
    const found = (await next.client.watch(0, true)).find(({ id }) => id === tree.id);
    assert.equal(found?.state, 'ready');
    assert.ok((await left(warden)).length >= 4);
    next.client.dispose();
    process.kill(shell.pid, 'SIGKILL');
    await eventually('nothing of it is left', async () => (await left(warden)).length === 0);
    await eventually('nothing is waited for any more', () => !isAlive(warden.process.pid));
  });

  it('has a terminal end when the time is over', async () => {
    await using warden = await TestWarden.start();
    await using shell = new Shell(warden);
    await warden.client.external.follow(requestFor(shell, 'guarded', { keepMillis: 1000 }));
    await shell.work();
    await warden.client.releaseOwnership(0);
    warden.disconnect();
    await eventually('nothing of it is left', async () => (await left(warden)).length === 0);
    await eventually('the warden has ended', () => !isAlive(warden.process.pid));
  });
});

describe('a process that must not be followed', () => {
  it('is refused with the reason', async () => {
    await using warden = await TestWarden.start();
    await using shell = new Shell(warden);
    const own = await warden.startShell('tail -f /dev/null');
    const follow = (pid: number) => warden.client.external.follow({ ...requestFor(shell, 'watched'), pid });
    await assert.rejects(follow(1), {
      message: /^Process 1 is not followed: (?:the warden itself runs under it|it belongs to another user)\.$/,
    });
    await assert.rejects(follow(process.pid), { message: `Process ${process.pid} is not followed: the warden itself runs under it.` });
    await assert.rejects(follow(2 ** 22 + 1), { message: `Process ${2 ** 22 + 1} is not followed: it has ended.` });
    const stranger = spawn('/bin/sh', ['-c', 'setsid sleep 1000 & echo $!'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [out] = (await once(stranger.stdout, 'data')) as [Buffer];
    const orphan = Number(out.toString());
    if (stranger.exitCode === null) await once(stranger, 'exit');
    try {
      const message = `Process ${orphan} is not followed: neither the editor nor an extension has started it.`;
      await assert.rejects(follow(orphan), { message });
      // As for an extension host whose editor has ended: both are children of the first process.
      const host = plantOrphan(['sleep', '1000'], { cwd: warden.run.workFolder, env: warden.run.env });
      try {
        await assert.rejects(warden.client.external.follow({ ...requestFor(shell, 'guarded'), pid: orphan, host }), { message });
      } finally {
        process.kill(host, 'SIGKILL');
      }
    } finally {
      process.kill(orphan, 'SIGKILL');
    }
    const { pid = 0 } = own.leader ?? {};
    await assert.rejects(follow(pid), { message: `Process ${pid} is not followed: it is a member of a tree that is guarded already.` });
  });
});

describe('the children of an extension host', () => {
  it('are those that it has started, without the warden', async () => {
    await using warden = await TestWarden.start();
    await using shell = new Shell(warden);
    const children = await warden.client.external.hostChildren(process.pid);
    const found = children.find(({ pid }) => pid === shell.pid);
    assert.equal(found?.name, 'sh');
    assert.match(found?.commandLine ?? '', /while read -r line/);
    assert.ok(children.every(({ pid }) => pid !== warden.process.pid));
    assert.deepEqual(await warden.client.external.hostChildren(2 ** 22 + 1), []);
  });
});

describe('what was started before the warden was told of it', () => {
  /** Starts a shell with each line that it reads, as the editor starts terminals; and one for itself, in its own session, where the line says so. */
  const host =
    'cd "$1"; while read -r line; do case $line in helper) sh -c "sleep 1001 & exec sleep 1001" & ;; *) setsid sh -c "$line" sh "$1" & ;; esac; done';
  const leaving = '(env -i setsid /usr/bin/tail -f "$1/idle" >/dev/null 2>&1 &); echo $$ >> pids; exec sleep 1000';

  async function withHost(
    work: (warden: TestWarden, start: (count: number, before?: string) => Promise<readonly number[]>, host: number) => Promise<void>,
  ) {
    await using warden = await TestWarden.start();
    const { workFolder } = warden.run;
    const child = spawn('/bin/sh', ['-c', host, 'sh', workFolder, '--type=ptyHost'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    const pidFile = join(workFolder, 'pids');
    try {
      await work(
        warden,
        async (count, before = '') => {
          writeFileSync(pidFile, '');
          const daemons = () => survivorsOf(workFolder).filter(({ command }) => command.startsWith('/usr/bin/tail')).length;
          const others = daemons();
          child.stdin.write(`${before}${`${leaving}\n`.repeat(count)}`);
          return await eventually('they have left their daemons', () => {
            const pids = readFileSync(pidFile, 'utf8').split('\n').filter(Boolean).map(Number);
            return pids.length === count && daemons() >= others + count ? pids : undefined;
          });
        },
        child.pid ?? assert.fail(),
      );
    } finally {
      child.kill('SIGKILL');
      await clearAway(workFolder);
    }
  }
  const follow = (warden: TestWarden, pid: number, guard: Guard) =>
    warden.client.external.follow({
      pid,
      host: process.pid,
      kind: 'terminal',
      name: 'sh',
      guard,
      stop: parseStop(['SIGTERM', '300ms']),
      keepMillis: 0,
    });
  const daemons = async (warden: TestWarden) => (await left(warden)).filter(({ command }) => command.startsWith('/usr/bin/tail'));
  const markOf = (pid: number) => readFileSync(`/proc/${pid}/limits`, 'utf8').match(/Max realtime timeout\s+(\S+)/)?.[1];

  it('is found by the mark that it was born with', () =>
    withHost(async (warden, start) => {
      await warden.client.external.markHosts(warden.process.pid, true);
      for (const round of [1, 2, 3]) {
        const [pid = 0] = await start(1);
        const tree = await follow(warden, pid, 'guarded');
        process.kill(pid, 'SIGKILL');
        await eventually(`nothing of it is left, ${round}`, async () => (await daemons(warden)).length === 0);
        await eventually('it has ended', async () => (await external(warden, tree.id))?.state === 'exited');
      }
    }));

  it('is found although its host runs something for itself at the same moment, which is left alone', () =>
    withHost(async (warden, start) => {
      await warden.client.external.markHosts(warden.process.pid, true);
      const [pid = 0] = await start(1, 'helper\n');
      const helpers = await eventually('the helper runs', () => {
        const found = survivorsOf(warden.run.workFolder).filter(({ command }) => command === 'sleep 1001');
        return found.length === 2 && found;
      });
      const [born, ...bornBeside] = [pid, ...helpers.map((helper) => helper.pid)].map(markOf);
      const tree = await follow(warden, pid, 'guarded');
      // The second that passes between two marks may have fallen between the two: then the helper's is its own.
      assert.deepEqual(
        helpers.map((helper) => markOf(helper.pid)),
        bornBeside.map((mark) => (mark === born ? 'unlimited' : mark)),
      );
      process.kill(pid, 'SIGKILL');
      await eventually('nothing of it is left', async () => (await daemons(warden)).length === 0);
      await eventually('it has ended', async () => (await external(warden, tree.id))?.state === 'exited');
      assert.ok(helpers.every((helper) => isAlive(helper.pid)));
    }));

  it('is no tree’s where two were born with the same mark', () =>
    withHost(async (warden, start) => {
      await warden.client.external.markHosts(warden.process.pid, true);
      const pids = await start(2);
      const marks = new Set(pids.map(markOf));
      for (const pid of pids) await follow(warden, pid, 'guarded');
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      await eventually('both are seen to have ended', async () =>
        (await warden.client.list()).every(({ endedAt }) => endedAt !== undefined),
      );
      // The second that passes between two marks may have fallen between the two.
      assert.equal((await daemons(warden)).length, marks.size === 1 ? 2 : 0);
    }));

  it('is not found where its host was not marked, and of another start’s never taken', () =>
    withHost(async (warden, start, host) => {
      const [stranger = 0] = await start(1);
      assert.equal(markOf(stranger), 'unlimited');
      await warden.client.external.markHosts(warden.process.pid, true);
      const born = markOf(host);
      await eventually('it has another mark', () => markOf(host) !== born);
      const [pid = 0] = await start(1);
      await follow(warden, pid, 'guarded');
      process.kill(pid, 'SIGKILL');
      await eventually('one is left', async () => (await daemons(warden)).length === 1);
      assert.ok(isAlive(stranger));
      await warden.client.external.markHosts(warden.process.pid, false);
      assert.equal(markOf(host), 'unlimited');
    }));
});
