/** What a client of the same user can do to a warden by its socket, by mistake or on purpose: trees go on, and others are served. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe } from 'node:test';
import fc from 'fast-check';
import { connectToWarden } from '../../src/client/wardenClient.ts';
import { coreVersion, spokenVersions } from '../../src/protocol/handshake.ts';
import { socketPath } from '../../src/records/records.ts';
import { Attacks } from '../support/attacks.ts';
import { holdsFor } from '../support/property.ts';
import { eventually } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const frame = (message: unknown): string => {
  const text = JSON.stringify(message);
  return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
};
const hello = frame({
  jsonrpc: '2.0',
  id: 0,
  method: 'hello',
  params: { protocol: coreVersion, versions: spokenVersions, version: '0', client: 'attack' },
});

/** A warden with a tree, and connections to its socket. */
class Victim implements AsyncDisposable {
  readonly warden: TestWarden;
  readonly sockets: Socket[] = [];
  readonly #leader: number;

  static async start(): Promise<Victim> {
    const warden = await TestWarden.start();
    const { leader } = await warden.startShell('sleep 1000', { name: 'victim' });
    const victim = new Victim(warden, leader?.pid ?? 0);
    // It keeps files of the processes open that it has looked at, which it does a moment after the start.
    await eventually('it has looked at its processes', () => victim.links.some((link) => link.startsWith('/proc/')));
    return victim;
  }

  private constructor(warden: TestWarden, leader: number) {
    this.warden = warden;
    this.#leader = leader;
  }

  get path(): string {
    return socketPath(this.warden.client.welcome.folder);
  }

  get files(): number {
    return readdirSync(`/proc/${this.warden.process.pid}/fd`).length;
  }

  /** What its open files are. */
  get links(): string[] {
    const folder = `/proc/${this.warden.process.pid}/fd`;
    return readdirSync(folder).flatMap((fd) => linkOf(`${folder}/${fd}`) ?? []);
  }

  /** Megabytes that are resident. */
  get memory(): number {
    const [, kilobytes = '0'] = readFileSync(`/proc/${this.warden.process.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/) ?? [];
    return Number(kilobytes) / 1024;
  }

  /** Resolves when it is connected, or was refused. */
  async open(first: string | Buffer = ''): Promise<Socket> {
    const socket = connect(this.path);
    this.sockets.push(socket);
    socket.on('error', () => undefined);
    socket.resume();
    await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', resolve));
    if (!socket.destroyed) socket.write(first);
    return socket;
  }

  /** Others are served, and the tree lives. */
  async check(): Promise<void> {
    const client = await eventually('a client is served', () => connectToWarden(this.path, 'test').catch(() => false as const));
    assert.deepEqual(
      (await client.list()).map(({ name, state }) => [name, state]).filter(([name]) => name === 'victim'),
      [['victim', 'ready']],
    );
    client.dispose();
    assert.ok(isAlive(this.#leader));
  }

  async closed(...sockets: readonly Socket[]): Promise<void> {
    await eventually('they are closed', () => sockets.every((socket) => socket.destroyed || socket.readableEnded));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await this.warden[Symbol.asyncDispose]();
  }
}

/** Undefined where it has been closed meanwhile. */
function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

describe('the socket of a warden', () => {
  const attacks = new Attacks('the socket of a warden');

  attacks.add('clients that connect and say nothing', 1000, async () => {
    await using victim = await Victim.start();
    const before = victim.files;
    await Promise.all(Array.from({ length: 1000 }, () => victim.open()));
    await victim.check();
    const during = victim.files;
    assert.ok(during <= before + 256, `${before} files open before, ${during} during`);
    await victim.closed(...victim.sockets);
    return `${before} files open before, ${during} during; all closed by their deadline`;
  });

  attacks.add('clients that greet and stay', 1000, async () => {
    await using victim = await Victim.start();
    const before = victim.files;
    for (let client = 0; client < 1000; client += 50) await Promise.all(Array.from({ length: 50 }, () => victim.open(hello)));
    const living = (): number => victim.sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length;
    await eventually('those that are too many are closed', () => living() <= 256);
    const during = victim.files;
    assert.equal(living(), 256);
    assert.ok(during <= before + 260, `${before} files open before, ${during} during`);
    for (const socket of victim.sockets) socket.destroy();
    await victim.check();
    return `256 are served at once, and others when those have gone`;
  });

  const garbage: [string, string | Buffer][] = [
    ['noise', Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919) % 256))],
    ['a head without an end', 'Content-Length: 10\r\nX: '.padEnd(10_000, 'x')],
    ['a length that is none', 'Content-Length: ten\r\n\r\n'],
    ['a length below nothing', 'Content-Length: -5\r\n\r\n'],
    ['no length', 'Content-Type: x\r\n\r\n{}'],
    ['a length of a gigabyte', 'Content-Length: 999999999\r\n\r\n'],
    ['a length beyond all numbers', `Content-Length: ${'9'.repeat(400)}\r\n\r\n`],
    ['a request by HTTP', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ];
  attacks.add('what is no message', garbage.length, async () => {
    await using victim = await Victim.start();
    for (const [what, bytes] of garbage) {
      for (const before of ['', hello]) {
        const socket = await victim.open(before);
        socket.write(bytes);
        await victim.closed(socket).catch((error: unknown) => assert.fail(`${what}: ${String(error)}`));
      }
    }
    await victim.check();
    return 'their connections are closed';
  });

  attacks.add('halves of messages, and messages that are no JSON', 200, async () => {
    await using victim = await Victim.start();
    const halves = [
      'Content-Length: 100\r\n\r\n{"json',
      'Content-Le',
      'Content-Length: 5\r\n\r\n{{{{{',
      'Content-Length: 4\r\n\r\nnull',
      `${hello}${hello.slice(0, 30)}`,
    ];
    for (let round = 0; round < 40; round++) for (const half of halves) (await victim.open(half)).end();
    await victim.check();
    return 'others are served';
  });

  attacks.add('a message of 15 MB, a byte at a time and all at once', 2, async () => {
    await using victim = await Victim.start();
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'start', params: { argv: Array.from({ length: 7_000_000 }, () => 1) } });
    const whole = await victim.open(hello);
    whole.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    const slow = await victim.open(hello);
    slow.setNoDelay(true);
    for (const letter of `Content-Length: 200\r\n\r\n${'{'.repeat(100)}`) slow.write(letter);
    await victim.check();
    assert.ok(victim.memory < 600, `${victim.memory} MB`);
    return 'answered with what is wrong; others are served';
  });

  attacks.add('requests of which no answer is read', 20_000, async () => {
    await using victim = await Victim.start();
    const socket = connect(victim.path);
    victim.sockets.push(socket);
    socket.on('error', () => undefined);
    socket.write(hello);
    socket.pause();
    for (let id = 1; id <= 20_000; id++) socket.write(frame({ jsonrpc: '2.0', id, method: 'history', params: { tree: 'none' } }));
    await victim.check();
    return 'others are served meanwhile';
  });

  attacks.add('requests with anything for parameters', 400, async () => {
    await using victim = await Victim.start();
    const methods = [
      'hello',
      'start',
      'signal',
      'list',
      'details',
      'history',
      'watch',
      'output/subscribe',
      'output/ack',
      'output/unsubscribe',
    ];
    const more = ['input', 'resize', 'leave', 'claim', 'models/declare', 'models/load', 'models/unload', 'inspect', 'selfCheck'];
    const odd = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(-1, 1e308, '', null, 'x'.repeat(2000)));
    const keys = fc.constantFrom(
      'tree',
      'pid',
      'signal',
      'intervalMillis',
      'keepMillis',
      'from',
      'model',
      'instances',
      'models',
      'name',
      'argv',
      'env',
      'end',
    );
    const request = fc.record({
      method: fc.constantFrom(...methods, ...more),
      params: fc.oneof(odd, fc.dictionary(keys, odd)),
      id: fc.nat(),
    });
    const socket = await victim.open(hello);
    await holdsFor(fc.array(request, { minLength: 2, maxLength: 2 }), async (requests) => {
      for (const { id, method, params } of requests) socket.write(frame({ jsonrpc: '2.0', ...(id % 5 > 0 && { id }), method, params }));
      await new Promise((resolve) => setImmediate(resolve));
    });
    await victim.check();
    return 'refused with what is wrong; others are served';
  });
});
