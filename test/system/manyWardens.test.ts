/** One warden or tree that fails leaves the others of a command alone, and is told. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, truncateSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ResponseError } from 'vscode-jsonrpc';
import { errorCodes } from '../../src/protocol/errorCodes.ts';
import * as handshake from '../../src/protocol/handshake.ts';
import * as inspection from '../../src/protocol/inspection.ts';
import { openConnection } from '../../src/protocol/openConnection.ts';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import * as requests from '../../src/protocol/treeRequests.ts';
import * as watching from '../../src/protocol/watching.ts';
import { socketPath } from '../../src/records/records.ts';
import { cli } from '../support/run.ts';
import { TestWarden } from '../support/warden.ts';

/** Answers on a socket of its own beside a real warden, as that one does, but for what `answers` says. */
async function beside(
  warden: TestWarden,
  answers: {
    hello?(socket: Socket): void;
    list?(socket: Socket): Promise<TreeSnapshot[]>;
    start?(socket: Socket): Promise<TreeSnapshot>;
    stop?(): Promise<TreeSnapshot>;
    watch?(socket: Socket): Promise<TreeSnapshot[]>;
    selfCheck?(): Promise<string[]>;
  },
): Promise<Server & AsyncDisposable> {
  const folder = join(warden.run.runtimeFolder, 'ffffffff');
  mkdirSync(folder, { mode: 0o700 });
  copyFileSync(join(warden.client.welcome.folder, 'warden.json'), join(folder, 'warden.json'));
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    const { connection } = openConnection(socket, socket);
    connection.onRequest(handshake.hello, () => {
      answers.hello?.(socket);
      return { ...warden.client.welcome, workspace: 'the odd one' };
    });
    connection.onRequest(requests.list, () => answers.list?.(socket) ?? warden.client.list());
    connection.onRequest(requests.start, (request) => answers.start?.(socket) ?? warden.client.start(request));
    connection.onRequest(watching.watch, () => answers.watch?.(socket) ?? warden.client.list());
    connection.onRequest(requests.stop, (request) => answers.stop?.() ?? warden.client.stop(request));
    connection.onRequest(inspection.selfCheck, () => answers.selfCheck?.() ?? warden.client.selfCheck());
    connection.listen();
  });
  await new Promise<void>((resolve) => server.listen(socketPath(folder), resolve));
  return Object.assign(server, {
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  });
}

/** The server above lives in this process: it is not to be blocked. */
async function call(warden: TestWarden, args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [cli, ...args], { env: warden.run.env, cwd: warden.run.workFolder });
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

function refusal(message: string): () => Promise<never> {
  return () => Promise.reject(new ResponseError(errorCodes.notPossible, message));
}

describe('a warden that cannot list its trees', () => {
  it('is told by ps, which lists those of the others', async () => {
    await using warden = await TestWarden.start();
    await warden.startShell('sleep 1000', { name: 'web' });
    await using _odd = await beside(warden, { list: refusal('its table is broken') });
    const { code, stdout, stderr } = await call(warden, ['ps']);
    assert.match(stdout, /\bweb\b/);
    assert.match(stderr, /the warden of the odd one \(pid \d+\) was left out: its table is broken/);
    assert.equal(code, 0);
  });

  it('may have trees: no command says that nothing is running', async () => {
    await using warden = await TestWarden.start();
    await using _odd = await beside(warden, { list: refusal('its table is broken') });
    const leftOut = /^tree-warden: the warden of the odd one \(pid \d+\) was left out: its table is broken\n/;
    const listed = await call(warden, ['ps']);
    assert.deepEqual([listed.stdout, listed.code], ['', 0]);
    assert.match(listed.stderr, leftOut);
    const stopped = await call(warden, ['kill', 'web']);
    assert.match(stopped.stderr, leftOut);
    assert.match(stopped.stderr, /There is no running tree 'web'\. A warden was left out; its trees are not known\.\n$/);
    assert.deepEqual([stopped.stdout, stopped.code], ['', 1]);
  });

  it('makes kill --all fail, after it has ended the trees of the others', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('sleep 1000', { name: 'web' });
    await using _odd = await beside(warden, { list: refusal('its table is broken') });
    const { code, stdout, stderr } = await call(warden, ['kill', '--all']);
    assert.equal(stdout, 'web: stopped\n');
    assert.match(stderr, /was left out: its table is broken/);
    assert.equal(code, 1);
    assert.notEqual((await warden.tree(id)).endedAt, undefined);
  });
});

describe('a warden that is just ending', () => {
  const hangUp = (socket: Socket): void => void socket.destroy();
  const unanswered = (socket: Socket): Promise<never> => {
    hangUp(socket);
    return new Promise(() => undefined);
  };
  for (const [when, answers] of [
    ['at the first word', { hello: hangUp }],
    ['before it lists its trees', { list: unanswered }],
  ] as const)
    it(`is no failure of a command: ${when}`, async () => {
      await using warden = await TestWarden.start();
      await warden.startShell('sleep 1000', { name: 'web' });
      await using _odd = await beside(warden, answers);
      const listed = await call(warden, ['ps']);
      assert.deepEqual([listed.code, listed.stderr], [0, '']);
      assert.match(listed.stdout, /\bweb\b/);
      assert.deepEqual(await call(warden, ['kill', '--all']), { code: 0, stdout: 'web: stopped\n', stderr: '' });
    });

  it('has no command to be joined', async () => {
    await using warden = await TestWarden.start();
    const host = { ...(await warden.startShell('sleep 1000', { name: 'web' })), name: 'host' };
    await using _odd = await beside(warden, { list: () => Promise.resolve([host]), watch: unanswered });
    assert.deepEqual(await call(warden, ['run', '--join', 'host', '--', 'true']), {
      code: 126,
      stdout: '',
      stderr: "tree-warden: There is no running 'host' to join.\n",
    });
  });

  it('is the end of the command that it has started for another one', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('sleep 1000', { name: 'web' });
    const host = { ...tree, name: 'host' };
    // It ends at the first word behind the answer to the start.
    const start = (socket: Socket): Promise<TreeSnapshot> => {
      socket.once('data', () => hangUp(socket));
      return Promise.resolve(tree);
    };
    await using _odd = await beside(warden, { list: () => Promise.resolve([host]), start });
    assert.deepEqual(await call(warden, ['run', '--join', 'host', '--', 'true']), {
      code: 125,
      stdout: '',
      stderr: 'tree-warden: The warden has ended, and with it the command.\n',
    });
  });
});

describe('a warden that does not finish its self-check', () => {
  it('is told by doctor, which reports on the others', { timeout: 60_000 }, async () => {
    await using warden = await TestWarden.start();
    await using _odd = await beside(warden, { selfCheck: () => new Promise(() => undefined) });
    const { code, stdout, stderr } = await call(warden, ['doctor', '--json']);
    assert.deepEqual(
      (JSON.parse(stdout) as { wardens: { warden: { pid: number }; findings: string[] }[] }).wardens.map(({ findings }) => findings),
      [[]],
    );
    assert.match(stderr, /the warden of the odd one \(pid \d+\) was left out: it does not answer/);
    assert.equal(code, 1);
  });
});

describe('a running warden whose record is invalid', () => {
  const leftOut = /a warden was left out, because its record in .*ffffffff cannot be trusted: /;

  it('is told by ps, and makes kill --all fail', async () => {
    await using warden = await TestWarden.start();
    await using _odd = await beside(warden, {});
    truncateSync(join(warden.run.runtimeFolder, 'ffffffff', 'warden.json'), 20);
    const listed = await call(warden, ['ps']);
    assert.match(listed.stderr, leftOut);
    assert.equal(listed.code, 0);
    const killed = await call(warden, ['kill', '--all']);
    assert.match(killed.stderr, leftOut);
    assert.deepEqual([killed.stdout, killed.code], ['', 1]);
  });

  it('is not told of where it has ended', async () => {
    await using warden = await TestWarden.start();
    await using odd = await beside(warden, {});
    truncateSync(join(warden.run.runtimeFolder, 'ffffffff', 'warden.json'), 20);
    await new Promise((resolve) => odd.close(resolve));
    assert.deepEqual(await call(warden, ['ps']), { code: 0, stdout: 'Nothing is running.\n', stderr: '' });
  });
});

describe('a tree that cannot be stopped', () => {
  it('is told by kill --all, which ends the others', async () => {
    await using warden = await TestWarden.start();
    const { id } = await warden.startShell('sleep 1000', { name: 'web' });
    const odd = { ...(await warden.tree(id)), name: 'odd' };
    await using _odd = await beside(warden, { list: () => Promise.resolve([odd]), stop: refusal('it is held fast') });
    const { code, stdout, stderr } = await call(warden, ['kill', '--all', '--json']);
    assert.deepEqual(
      (JSON.parse(stdout) as TreeSnapshot[]).map(({ name }) => name),
      ['web'],
    );
    assert.match(stderr, /^tree-warden: odd: it is held fast\n$/);
    assert.equal(code, 1);
  });
});
