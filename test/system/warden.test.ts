import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { release } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { connectToWarden } from '../../src/client/wardenClient.ts';
import * as handshake from '../../src/protocol/handshake.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import type { StartRequest } from '../../src/protocol/startRequest.ts';
import { parseStop } from '../../src/protocol/stopSteps.ts';
import type { StopRequest } from '../../src/protocol/treeRequests.ts';
import * as requests from '../../src/protocol/treeRequests.ts';
import { withTimeEnough } from '../support/growingTimes.ts';
import { eventually } from '../support/run.ts';
import { isAlive, survivorsAfterLooking } from '../support/survivors.ts';
import { patientStop, TestWarden } from '../support/warden.ts';

/** Node itself tells of such an end as of an exit with code 0. */
function tellsRealtimeSignals(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 6 || (major === 6 && minor >= 15);
}

describe('a start that cannot be', () => {
  const cases: [string, Partial<StartRequest>, RegExp][] = [
    ['an unknown command', { argv: ['no-such-command'] }, /^There is no command 'no-such-command' in the PATH/],
    ['an unknown file', { argv: ['./missing'] }, /^Cannot run .*missing: there is no such file\.$/],
    ['a file without permission', { argv: ['./plain'] }, /^Cannot run .*plain: this user has no permission to execute it\.$/],
    ['a folder as the command', { argv: ['./folder'] }, /^Cannot run .*folder: it is a folder\.$/],
    ['a missing working directory', { cwd: '/no/such/folder' }, /^The working directory \/no\/such\/folder does not exist\.$/],
    ['a file as the working directory', { cwd: '/etc/passwd' }, /^The working directory \/etc\/passwd is not a folder\.$/],
    ['an empty command', { argv: [''] }, /^The command is empty\.$/],
    ['a NUL character in an argument', { argv: ['echo', 'a\0b'] }, /: argument 1 of echo contains a NUL character, which cannot be/],
    ['a NUL character in the environment', { env: { A: 'b\0' } }, /: the value of the environment variable A contains a NUL character/],
  ];
  for (const [what, changes, message] of cases) {
    for (const stdio of ['pipes', 'pty'] as const) {
      it(`says so in one sentence and leaves nothing behind: ${what}, ${stdio}`, async () => {
        await using warden = await TestWarden.start();
        writeFileSync(join(warden.run.workFolder, 'plain'), 'not a program');
        chmodSync(join(warden.run.workFolder, 'plain'), 0o600);
        mkdirSync(join(warden.run.workFolder, 'folder'));
        await assert.rejects(warden.client.start(warden.request(['true'], { stdio, ...changes })), { message });
        assert.deepEqual(await warden.client.list(), []);
        assert.deepEqual(readdirSync(warden.client.welcome.folder).sort(), ['warden.json', 'warden.sock']);
      });
    }
  }

  it('says so for a second tree of the same name, and the first one runs on', async () => {
    await using warden = await TestWarden.start();
    const first = await warden.startShell('sleep 100');
    await assert.rejects(warden.startShell('sleep 100'), { message: /^'test' is already running \(pid \d+, ready\)\.$/ });
    assert.equal((await warden.tree(first.id)).state, 'ready');
  });
});

describe('a tree', () => {
  it('ends by itself with its exit code', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('exit 3');
    const { state, reason, reasonData, exit } = await warden.ended(id);
    assert.deepEqual(
      { state, reason, reasonData, exit },
      {
        state: 'failed',
        reason: 'exited with code 3',
        reasonData: { code: 'exitedWithCode', values: [3] },
        exit: { code: 3, signal: null },
      },
    );
  });

  it('has the reason of its stop as data where it came so, and in the words of a newer client where it did not', async () => {
    await using warden = await TestWarden.start();
    const stopped = async (reasonData: unknown): Promise<Partial<TreeSnapshot>> => {
      const { id } = await warden.startShell('exec sleep 100');
      const request = { tree: id, now: true, reason: 'stopped by the user', reasonData } as StopRequest;
      const { reason, reasonData: told } = await warden.client.stop(request);
      return { reason, ...(told && { reasonData: told }) };
    };
    const known = { code: 'stoppedByUser', values: [] } as const;
    assert.deepEqual(await stopped(known), { reason: 'stopped by the user', reasonData: known });
    assert.deepEqual(await stopped({ code: 'notYetKnown', values: [] }), { reason: 'stopped by the user' });
  });

  it('that cannot be started has the reason as data in the error', async () => {
    await using warden = await TestWarden.start();
    const data = { reason: 'commandNotFound', messageData: { code: 'commandNotFoundInOne', values: ['no-such-command'] } };
    await assert.rejects(warden.client.start(warden.request(['no-such-command'], { env: { PATH: '/bin' } })), { data });
  });

  for (const stdio of ['pipes', 'pty'] as const) {
    it(`lets a willing leader end by the first signal, on ${stdio}`, async () => {
      await using warden = await TestWarden.start();
      const { id } = await warden.startShell('trap "exit 0" TERM; echo up; while :; do sleep 0.01; done', { stdio, stop: patientStop });
      await warden.output(id, (text) => text.includes('up'));
      assert.equal((await warden.stop(id)).state, 'exited');
    });

    it(`ends by a realtime signal, on ${stdio}`, { skip: tellsRealtimeSignals() ? false : 'the kernel is older than 6.15' }, async () => {
      await using warden = await TestWarden.start();
      const { id } = await warden.startShell('kill -36 $$', { stdio });
      const { state, reason, exit } = await warden.ended(id);
      assert.deepEqual([state, reason, exit], ['failed', 'ended by SIGRTMIN+2', { code: null, signal: 'SIGRTMIN+2' }]);
    });

    it(`keeps its exit signal, on ${stdio}`, async () => {
      await using warden = await TestWarden.start();
      await withTimeEnough(async (millis) => {
        const { id } = await warden.startShell('trap "echo no" TERM; echo up; while :; do sleep 0.01; done', {
          stdio,
          stop: parseStop(['SIGTERM', `${millis}ms`]),
        });
        await warden.output(id, (text) => text.includes('up'));
        const { state, exit } = await warden.stop(id);
        assert.deepEqual({ state, exit }, { state: 'killed', exit: { code: null, signal: 'SIGKILL' } });
        // Killed before it had a processor to refuse the first signal.
        return (await warden.output(id)).includes('no') ? undefined : 'too early';
      });
    });
  }

  it('takes the steps of its stop in turn', async () => {
    await using warden = await TestWarden.start();
    await withTimeEnough(async (millis) => {
      const { id } = await warden.startShell('trap "echo INT" INT; trap "echo HUP; exit 5" HUP; echo up; while :; do sleep 0.01; done', {
        stop: parseStop(['SIGINT', `${millis}ms`, 'SIGHUP', '5s', 'SIGKILL']),
      });
      await warden.output(id, (text) => text.includes('up'));
      const { state, exit } = await warden.stop(id);
      assert.deepEqual({ state, exit }, { state: 'exited', exit: { code: 5, signal: null } });
      const printed = await warden.output(id);
      // Both signals had come before the shell had a turn, and it takes the lower number first.
      if (printed === 'up\nHUP\n') return 'too early';
      assert.match(printed, /^up\nINT\n(.*\n)*HUP\n$/);
      return undefined;
    });
  });

  it('is killed at once where a kill overtakes a stop', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('trap "" TERM; echo up; while :; do sleep 0.01; done', { stop: parseStop(['SIGTERM', '10m']) });
    await warden.output(id, (text) => text.includes('up'));
    const stopping = warden.stop(id);
    await eventually('it is stopping', async () => (await warden.tree(id)).state === 'stopping');
    await warden.stop(id, true);
    assert.equal((await stopping).state, 'killed');
  });

  it('ends the members that outlive its leader', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('setsid sleep 100 & (setsid sleep 100 &) ; exit 4');
    const { state, exit } = await warden.ended(id);
    assert.deepEqual({ state, exit }, { state: 'failed', exit: { code: 4, signal: null } });
    assert.deepEqual(await survivorsAfterLooking(warden.run.workFolder, new Set([warden.process.pid])), []);
  });

  it('lives as long as its members where they are kept, and ends with the last one', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('(setsid sleep 100 >/dev/null 2>&1 &); exit 0', { whenLeaderExits: 'keep' });
    const kept = await eventually('the leader has left', async () => {
      const tree = await warden.tree(id);
      // A stray, once it has made the session of its own.
      const [member] = tree.members;
      return tree.state === 'exited' && tree.members.length === 1 && member?.stray ? { endedAt: tree.endedAt, pid: member.pid } : undefined;
    });
    assert.equal(kept.endedAt, undefined);
    await warden.client.signal({ tree: id, signal: 'SIGKILL', pid: kept.pid });
    assert.equal((await warden.ended(id)).state, 'succeeded');
  });

  it('has no zombies of adopted orphans', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('for i in 1 2 3 4 5 6 7 8; do (sh -c "exit 0" &) ; done; echo done; sleep 100');
    await warden.output(id, (text) => text.includes('done'));
    await eventually('all are reaped', async () => {
      const { members, zombies } = await warden.tree(id);
      return zombies === 0 && members.length === 2;
    });
  });

  it('keeps its siblings apart, whatever they do', async () => {
    await using warden = await TestWarden.start();
    const daemon = '(env -i setsid /bin/sh -c "sleep 1000; :" >/dev/null 2>&1 &); sleep 100';
    const first = await warden.startShell(daemon, { name: 'first' });
    const second = await warden.startShell(daemon, { name: 'second' });
    const both = (): Promise<TreeSnapshot[]> => Promise.all([warden.tree(first.id), warden.tree(second.id)]);
    const members = await eventually('all are seen', async () => {
      const trees = await both();
      // Where both sleep, what has started the daemon is gone.
      const areComplete = trees.every(({ members }) => members.length === 4 && members.filter(({ name }) => name === 'sleep').length === 2);
      return areComplete ? trees.map((tree) => tree.members) : undefined;
    });
    await warden.stop(first.id, true);
    assert.ok(members[1]?.slice(0, 2).every((member) => isAlive(member.pid)));
    assert.equal((await warden.tree(second.id)).members.length, 4);
  });
});

describe('a terminal', () => {
  it('is a real one: size, input, resize, colours', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell(
      'test -t 0 && stty size; trap "stty size" WINCH; echo $TERM; while read -r line; do echo "got $line"; done',
      {
        stdio: 'pty',
        dimensions: { columns: 101, rows: 33 },
      },
    );
    await warden.output(id, (text) => text.includes('33 101') && text.includes('xterm-256color'));
    warden.client.input(id, Buffer.from('hällo\r'));
    await warden.output(id, (text) => text.includes('got hällo'));
    warden.client.resize(id, { columns: 55, rows: 22 });
    // dash runs its trap after the next line.
    warden.client.input(id, Buffer.from('again\r'));
    await warden.output(id, (text) => text.includes('22 55'));
  });

  it('replays what was printed before, and only the newest part of much', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('head -c 3000000 /dev/zero | tr "\\0" x; echo; echo last');
    await warden.ended(id);
    const text = await warden.output(id);
    assert.ok(text.endsWith('x\nlast\n'), 'the end is there');
    assert.ok(text.length <= 1024 * 1024 && text.length > 900_000, `${text.length} bytes are kept`);
  });
});

describe('output of a gigabyte', () => {
  it('neither grows the warden nor is lost on a reader that waits', async () => {
    await using warden = await TestWarden.start();
    const bytes = 1_000_000_000;
    const before = (await warden.client.inspect()).memoryBytes;
    const { id } = await warden.startShell(`head -c ${bytes} /dev/zero`, { awaitReader: true });
    let received = 0;
    let peak = 0;
    const answers: number[] = [];
    const poll = setInterval(async () => {
      const asked = performance.now();
      peak = Math.max(peak, (await warden.client.inspect()).memoryBytes);
      answers.push(performance.now() - asked);
    }, 100);
    try {
      const onChunk = (chunk: Buffer, skipped: number): void => {
        assert.equal(skipped, 0);
        received += chunk.length;
      };
      await warden.client.readOutput({ tree: id, from: 0, whenBehind: 'wait', follow: true }, { onChunk }).complete();
    } finally {
      clearInterval(poll);
    }
    assert.equal(received, bytes);
    assert.ok(answers.length > 3, 'the warden answered meanwhile');
    // The ring buffer is 1 MiB, the window 256 KiB; the rest is the garbage collector's slack, which does not follow the output.
    assert.ok(peak - before < 200 * 2 ** 20, `grew by ${Math.round((peak - before) / 2 ** 20)} MiB`);
  });

  it('goes on at full speed for a reader that skips', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('head -c 200000000 /dev/zero', { stdio: 'pipes' });
    let skippedBytes = 0;
    let received = 0;
    let wake = (): void => undefined;
    const awake = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const onChunk = (chunk: Buffer, skipped: number): Promise<void> => {
      skippedBytes += skipped;
      received += chunk.length;
      return awake;
    };
    const output = warden.client.readOutput({ tree: id, from: 0, whenBehind: 'skip', follow: true }, { onChunk });
    await warden.ended(id);
    wake();
    await output.complete();
    assert.ok(skippedBytes > 100_000_000, `${skippedBytes} skipped`);
    assert.equal(skippedBytes + received, 200_000_000);
  });
});

describe('the warden', () => {
  it('keeps records and socket to its user, and removes them at its end', async () => {
    await using warden = await TestWarden.start();
    const { folder } = warden.client.welcome;
    const { id } = await warden.startShell('sleep 100');
    const record = await eventually('the record is there', () => readdirSync(folder).find((name) => name === `${id}.tree.json`));
    const content = JSON.parse(readFileSync(join(folder, record), 'utf8')) as { leader: { pid: number }; group: number };
    assert.equal(content.group, content.leader.pid);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, record)).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'warden.sock')).mode & 0o777, 0o600);
    await warden.stop(id);
    assert.deepEqual(readdirSync(folder).sort(), ['warden.json', 'warden.sock']);
    await warden.client.shutdown('the test asked for it');
    await warden.process.ended;
    assert.deepEqual(readdirSync(warden.run.runtimeFolder), []);
  });

  it('writes every transition to the journal, with secrets masked and no environment', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('sleep 100; true --token abcdefgh', { env: { SECRET_WORD: 'xyzzy' }, stop: patientStop });
    await warden.stop(id);
    const records = await eventually('the end is written', () => {
      const found = warden.run.journal().filter((record) => record['tree'] === id);
      return found.at(-1)?.['event'] === 'ended' ? found : undefined;
    });
    assert.deepEqual(
      records.map((record) => [record['event'], record['state']]),
      [
        ['spawned', undefined],
        ['state', 'ready'],
        ['state', 'stopping'],
        ['escalation', undefined],
        ['state', 'exited'],
        ['ended', 'exited'],
      ],
    );
    const [spawned] = records;
    assert.match(String(spawned?.['command']), /^\/bin\/sh -c 'sleep 100; true --token •••'/);
    assert.equal(spawned?.['pid'], spawned?.['pgid']);
    assert.doesNotMatch(readFileSync(warden.run.journalPath, 'utf8'), /xyzzy|abcdefgh/);
  });

  it('replaces a switch that was killed, and the new one does its work', async () => {
    await using warden = await TestWarden.start();
    await warden.startShell('(setsid sleep 100 &); sleep 100');
    const { switchPid } = await warden.client.inspect();
    assert.ok(switchPid !== null);
    process.kill(switchPid, 'SIGKILL');
    const replacement = await eventually('there is a new one', async () => {
      const now = (await warden.client.inspect()).switchPid;
      return now !== null && now !== switchPid ? now : undefined;
    });
    assert.ok(isAlive(replacement));
    process.kill(warden.process.pid, 'SIGKILL');
    await eventually('no process is left', async () => (await survivorsAfterLooking(warden.run.workFolder)).length === 0);
  });

  it('does nothing before hello, and for a client of an unknown version only what every version has', async () => {
    await using warden = await TestWarden.start();
    const socket = connect(join(warden.client.welcome.folder, 'warden.sock'));
    const connection = createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket));
    connection.listen();
    await assert.rejects(connection.sendRequest(requests.list), { message: 'The first request must be hello.' });
    await connection.sendRequest(handshake.hello, { protocol: 99, version: '9.9.9', client: 'a newer one' });
    assert.deepEqual(await connection.sendRequest(requests.list), []);
    await assert.rejects(connection.sendRequest(requests.start, warden.request(['sleep', '1000'])), {
      message:
        /^'start' needs protocol version 99, as a newer one speaks it; the warden \S+ speaks version \d+\. Its processes can be listed/,
      data: { reason: 'versionNeeded' },
    });
    assert.deepEqual(await connection.sendRequest(requests.list), []);
    connection.dispose();
    socket.destroy();
  });

  it('serves several clients at once', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('echo hello; sleep 100');
    const other = await connectToWarden(join(warden.client.welcome.folder, 'warden.sock'), 'another');
    assert.deepEqual(
      (await other.list()).map((tree) => tree.id),
      [id],
    );
    await other.stop({ tree: id, now: true, reason: 'stopped by another' });
    assert.equal((await warden.tree(id)).reason, 'stopped by another');
    other.dispose();
  });

  it('refuses what makes no sense with one sentence', async () => {
    await using warden = await TestWarden.start();
    const missing = '00000000-0000-4000-8000-000000000000' as TreeId;
    await assert.rejects(warden.stop(missing), { message: /^There is no tree 00000000/ });
    const { id } = await warden.startShell('sleep 100');
    await assert.rejects(warden.client.signal({ tree: id, signal: 'SIGTERM', pid: process.pid }), {
      message: new RegExp(`^SIGTERM was not sent to process ${process.pid} of 'test': it has ended\\.$`),
    });
    assert.ok(isAlive(process.pid));
  });
});

describe('a leader that leaves while its members are forking', () => {
  it('never leaves a process uncounted, in sixty starts', async () => {
    await using warden = await TestWarden.start();
    for (let round = 0; round < 60; round++) {
      const { id } = await warden.startShell('setsid sh -c \'sh -c "while :; do sleep 1; done" & exit 0\' </dev/null >/dev/null 2>&1 &', {
        whenLeaderExits: 'keep',
        name: `round ${round}`,
      });
      const kept = await eventually('the leader has left', async () => {
        const tree = await warden.tree(id);
        return tree.state === 'exited' ? tree : undefined;
      });
      assert.equal(kept.endedAt, undefined, `round ${round}: ${kept.reason}`);
      await warden.stop(id, true);
    }
    assert.ok((await warden.journal()).every((record) => record['event'] !== 'late-member'));
  });
});

describe('the socket of a warden', () => {
  const replacements: [string, (path: string) => void][] = [
    ['removed', (path) => rmSync(path)],
    [
      'replaced by a file',
      (path) => {
        rmSync(path);
        writeFileSync(path, '');
      },
    ],
  ];
  for (const [what, replace] of replacements)
    it(`listens again where it was ${what}, and open connections stay so`, async () => {
      await using warden = await TestWarden.start();
      const { id } = await warden.startShell('sleep 100');
      const path = join(warden.client.welcome.folder, 'warden.sock');
      const before = await connectToWarden(path, 'before');
      replace(path);
      const after = await eventually('a client can connect again', () => connectToWarden(path, 'after').catch(() => undefined));
      for (const client of [before, after])
        assert.deepEqual(
          (await client.list()).map((tree) => tree.id),
          [id],
        );
      assert.equal(statSync(path).mode & 0o777, 0o600);
      for (const client of [before, after]) client.dispose();
    });
});
