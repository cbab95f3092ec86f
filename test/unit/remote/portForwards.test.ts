/** Ports of a node over the one connection that there is to it, with servers that listen where the forward does not: at `::1`. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, it } from 'node:test';
import { NamedPorts } from '../../../src/loopback/namedPorts.ts';
import { authorityOf, openStreams, openTunnel, serveStreams } from '../../../src/remote/nodeStreams.ts';
import { PortForwards } from '../../../src/remote/portForwards.ts';
import { eventually } from '../../support/run.ts';

const mebibyte = Buffer.alloc(2 ** 20, 'x');

describe('a forwarded port', () => {
  const cleanup: (() => void)[] = [];
  afterEach(() => {
    for (const end of cleanup.splice(0).reverse()) end();
  });

  function link(): { readonly tunnelTo: PortForwardsLink['tunnelTo']; close(): void } {
    const [there, back] = [new PassThrough(), new PassThrough()];
    void serveStreams(there, back, () => connect('/nowhere'));
    const session = openStreams(back, there);
    cleanup.push(() => session.destroy());
    return { tunnelTo: (address, port) => openTunnel(session, authorityOf(address, port)), close: () => session.destroy() };
  }

  /** A server on the node, and what is connected to it. */
  async function serve(
    onSocket: (socket: Socket) => void,
    hasLink = true,
  ): Promise<{ port: number; sockets: Socket[]; forwards: PortForwards; server: Server }> {
    const sockets: Socket[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      onSocket(socket);
    });
    // One that is free where it is forwarded to as well, and that no connection takes.
    server.listen(await new NamedPorts().portFor('node'), '::1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const forwards = new PortForwards();
    cleanup.push(
      () => server.close(),
      () => sockets.forEach((socket) => void socket.destroy()),
      () => forwards.close(),
    );
    if (hasLink) forwards.use(link());
    forwards.follow(listening(port, '::1'));
    return { port, sockets, forwards, server };
  }

  /** Connected to the port here. */
  const reach = async (port: number): Promise<Socket> =>
    await eventually('the port is open here', async () => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      cleanup.push(() => socket.destroy());
      const isOpen = new Promise<boolean>((resolve) => void socket.once('connect', () => resolve(true)).on('error', () => resolve(false)));
      return (await isOpen) && socket;
    });

  it('passes on what the client says after the server has said all, and the other way round', async () => {
    const heard: Promise<Buffer>[] = [];
    const { port } = await serve((socket) => {
      heard.push(buffer(socket));
      socket.end('first');
    });
    const socket = await reach(port);
    assert.equal(String(await buffer(socket)), 'first');
    socket.end('second');
    assert.equal(String(await heard[0]), 'second');
    const late = await serve((one) => void buffer(one).then((all) => one.end(`heard ${all.length}`)));
    const other = await reach(late.port);
    other.end(mebibyte);
    assert.equal(String(await buffer(other)), `heard ${mebibyte.length}`);
  });

  it('brings all of an answer to a client that reads slowly, when the server has closed', async () => {
    const { port } = await serve((socket) => {
      for (let count = 0; count < 8; count++) socket.write(mebibyte);
      socket.end();
      socket.resume();
    });
    const socket = await reach(port);
    socket.end();
    let bytes = 0;
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(bytes, 8 * mebibyte.length);
  });

  it('breaks off on one side what breaks off on the other, as no end', async () => {
    const { port, sockets } = await serve((socket) => void socket.write('begun'));
    const cut = await reach(port);
    await once(cut, 'data');
    sockets[0]?.resetAndDestroy();
    await brokenOff(cut);
    const left = await reach(port);
    await once(left, 'data');
    const other = sockets[1];
    assert.ok(other);
    left.resetAndDestroy();
    await brokenOff(other);
  });

  it('breaks off when the connection to the node ends, refuses meanwhile, and is back with the next one', async () => {
    const { port, forwards } = await serve((socket) => void socket.pipe(socket), false);
    const first = link();
    forwards.use(first);
    const socket = await reach(port);
    socket.write('hello');
    await once(socket, 'data');
    first.close();
    forwards.use(undefined);
    await brokenOff(socket);
    const meanwhile = connect(port, '127.0.0.1').on('error', () => undefined);
    await brokenOff(meanwhile);
    forwards.use(link());
    const again = await reach(port);
    again.end('again');
    assert.equal(String(await buffer(again)), 'again');
  });

  it('has room for five hundred at once, and keeps none of those that were given up while they were opened', async () => {
    const { port, sockets } = await serve((socket) => void socket.pipe(socket));
    (await reach(port)).destroy();
    const many = await Promise.all(Array.from({ length: 500 }, () => reach(port)));
    const echoes = many.map(async (socket, index) => {
      socket.end(`${index}`.repeat(1000));
      return String(await buffer(socket)) === `${index}`.repeat(1000);
    });
    assert.ok((await Promise.all(echoes)).every(Boolean));
    for (let count = 0; count < 50; count++) (await reach(port)).resetAndDestroy();
    await eventually('none is open', () => sockets.every(({ destroyed }) => destroyed));
  });
});

/** Closed without an end. */
async function brokenOff(socket: Socket): Promise<void> {
  await eventually('it is closed', () => socket.closed);
  assert.equal(socket.readableEnded, false);
}

type PortForwardsLink = Exclude<Parameters<PortForwards['use']>[0], undefined>;

function listening(port: number, address: string): Parameters<PortForwards['follow']>[0] {
  return { members: [{ ports: [{ protocol: 'tcp', port, address }] }] } as unknown as Parameters<PortForwards['follow']>[0];
}
