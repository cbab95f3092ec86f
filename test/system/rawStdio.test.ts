/** A process whose stdin and stdout are a client's: bytes as they are, both ways at once. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, it } from 'node:test';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { eventually } from '../support/run.ts';
import { TestWarden } from '../support/warden.ts';

const megabyte = 2 ** 20;

async function join({ rawSocket }: TreeSnapshot): Promise<Socket> {
  assert.ok(rawSocket);
  const socket = connect({ path: rawSocket, allowHalfOpen: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

async function read(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Bytes of every value that repeat in no power of two. */
function* bytes(megabytes: number): Generator<Buffer> {
  for (let index = 0; index < megabytes; index++) {
    const block = Buffer.allocUnsafe(megabyte);
    for (let at = 0; at < megabyte; at++) block[at] = (at * 31 + index * 7 + (at >> 8)) & 0xff;
    yield block;
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\t[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Whether the warden has the socket of this tree open: proc_net(5), `unix`. */
function hasSocket({ rawSocket }: TreeSnapshot): boolean {
  return readFileSync('/proc/net/unix', 'utf8').includes(` ${rawSocket}\n`);
}

describe('raw stdin and stdout', () => {
  it('carry 100 MB there and back without changing a byte, and the half-close', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('cat', { stdio: 'raw' });
    const socket = await join(tree);
    const [sent, received] = [createHash('sha256'), createHash('sha256')];
    let count = 0;
    const sending = pipeline(
      Readable.from(bytes(100)),
      async function* (source: AsyncIterable<Buffer>) {
        for await (const block of source) {
          sent.update(block);
          yield block;
        }
      },
      socket,
      { end: true },
    );
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      count += (chunk as Buffer).length;
      received.update(chunk as Buffer);
    }
    await sending;
    assert.equal(count, 100 * megabyte);
    assert.equal(received.digest('hex'), sent.digest('hex'));
    assert.equal((await warden.ended(tree.id)).state, 'succeeded');
  });

  it('keep what was printed before the client came, also of a process that has ended', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('printf early', { stdio: 'raw' });
    await warden.ended(tree.id);
    assert.equal(await read(await join(tree)), 'early');
  });

  it('hold the process up while the client does not read', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('exec head -c 50000000 /dev/zero', { stdio: 'raw' });
    const socket = await join(tree);
    socket.pause();
    const written = (): number => Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${tree.leader?.pid}/io`, 'utf8'))?.[1]);
    let before = 0;
    await eventually('it writes no more', () => {
      const isHeldUp = written() > 0 && written() === before;
      before = written();
      return isHeldUp;
    });
    assert.ok(written() < 10_000_000, `${written()} bytes`);
    assert.equal((await read(socket)).length, 50_000_000);
    await warden.ended(tree.id);
  });

  it('are for one client, whose socket is then gone, and leave stderr to the log', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('echo to-the-log >&2; read line; echo "got $line"', { stdio: 'raw' });
    const socket = await join(tree);
    await eventually('no other can connect', () => !existsSync(tree.rawSocket ?? ''));
    assert.equal((await warden.tree(tree.id)).rawSocket, undefined);
    const second = connect(tree.rawSocket ?? '');
    const [refused] = (await once(second, 'error')) as [NodeJS.ErrnoException];
    assert.match(refused.code ?? '', /ENOENT|ECONNREFUSED/);
    socket.write('it\n');
    assert.equal(await read(socket), 'got it\n');
    await warden.ended(tree.id);
    const { path = '' } = (await warden.client.outputLog(tree.id)) ?? {};
    await eventually('it is written', () => existsSync(path) && readFileSync(path, 'utf8') === 'to-the-log\n');
  });

  it('end for the process when its client is gone', async () => {
    await using warden = await TestWarden.start();
    const reader = await warden.startShell('cat >/dev/null', { name: 'reader', stdio: 'raw' });
    const writer = await warden.startShell('while echo x; do sleep 0.05; done 2>/dev/null', { name: 'writer', stdio: 'raw' });
    for (const tree of [reader, writer]) (await join(tree)).destroy();
    for (const tree of [reader, writer]) assert.ok((await warden.ended(tree.id)).endedAt);
  });

  it('do not hold up a client of a process that reads no more', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('exec <&-; sleep 0.3; echo bye', { stdio: 'raw' });
    const socket = await join(tree);
    const sending = pipeline(Readable.from(bytes(5)), socket).catch(() => undefined);
    assert.equal(await read(socket), 'bye\n');
    await sending;
  });

  it('are let go of by the warden when the tree has ended, though the client never closes its end', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('read line; echo "got $line"', { stdio: 'raw' });
    const socket = await join(tree);
    socket.write('it\n');
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    await once(socket, 'end');
    assert.equal(text, 'got it\n');
    await warden.ended(tree.id);
    assert.ok(hasSocket(tree), 'a client may still be sending');
    await eventually('the socket of the warden is closed', () => !hasSocket(tree), 40_000);
    assert.ok(!socket.destroyed, 'it was not the client');
    socket.destroy();
  });

  it('end for the client, and the process with them, when the warden is killed', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('exec sleep 300', { stdio: 'raw' });
    const socket = await join(tree);
    const closed = once(socket.resume(), 'end');
    process.kill((await warden.client.inspect()).pid, 'SIGKILL');
    await closed;
    socket.destroy();
    await eventually('the process has ended', () => !isAlive(tree.leader?.pid ?? 0));
  });

  it('leave no socket behind when no client has come', async () => {
    await using warden = await TestWarden.start();
    const tree = await warden.startShell('exec sleep 300', { stdio: 'raw' });
    assert.ok(existsSync(tree.rawSocket ?? ''));
    const { folder } = await warden.client.inspect();
    process.kill((await warden.client.inspect()).pid, 'SIGKILL');
    await eventually('the records are gone', () => folder !== undefined && !existsSync(folder));
  });
});
