/**
 * Several streams over the one that a program has for its stdin and stdout: HTTP/2, as Node has it, with a flow control for each. The other side opens a tunnel
 * (CONNECT, RFC 9113, 8.5) to the warden on the node, or to a port of its loopback.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
  createServer,
  type Http2Stream,
  type ServerHttp2Stream,
} from 'node:http2';
import { connect, isIPv6, type Socket } from 'node:net';
import { Duplex, type Readable, type Writable } from 'node:stream';

/** The authority of the warden's socket; anything else is an address of the node and a port: `127.0.0.1:PORT`, `[::1]:PORT`. */
export const wardenAuthority = 'warden:1';

/** What may be under way without an acknowledgement, in one stream and in all of them, in bytes: a slow network is to be filled. */
const windowBytes = 2 ** 20;
const settings = { initialWindowSize: windowBytes };

/** On the node. Resolves when the other side has closed the connection. */
export async function serveStreams(input: Readable, output: Writable, openWarden: () => Socket): Promise<void> {
  const server = createServer({ settings });
  const closed = new Promise<void>((resolve) => {
    server.on('session', (session) => {
      session.setLocalWindowSize(windowBytes);
      session.on('error', () => undefined);
      session.on('close', () => resolve());
    });
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const target = targetOf(headers[':method'], headers[':authority'], openWarden);
    if (target) serve(stream, target);
    else stream.respond({ ':status': 400 }, { endStream: true });
  });
  server.emit('connection', Duplex.from({ readable: input, writable: output }));
  await closed;
}

/** Of the other side. */
export function openStreams(input: Readable, output: Writable): ClientHttp2Session {
  const session = connectHttp2('http://node', { createConnection: () => Duplex.from({ readable: input, writable: output }), settings });
  session.on('connect', () => session.setLocalWindowSize(windowBytes));
  session.on('error', () => undefined);
  return session;
}

/** @throws Error where nothing listens there, or the connection has ended. */
export async function openTunnel(session: ClientHttp2Session, authority: string): Promise<ClientHttp2Stream> {
  if (session.closed || session.destroyed) throw new Error('the connection to the node has ended');
  const stream = session.request({ ':method': 'CONNECT', ':authority': authority }, { endStream: false });
  await new Promise<void>((resolve, reject) => {
    stream.once('response', ({ ':status': status }) => {
      if (status === 200) resolve();
      else reject(new Error(`nothing listens at ${authority} of the node`));
    });
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('the connection to the node has ended')));
  });
  stream.on('error', () => undefined);
  return stream;
}

export function authorityOf(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

function targetOf(method: string | undefined, authority: string | undefined, openWarden: () => Socket): Socket | undefined {
  if (method !== 'CONNECT' || authority === undefined || !URL.canParse(`tcp://${authority}`)) return undefined;
  if (authority === wardenAuthority) return openWarden();
  const { hostname, port } = new URL(`tcp://${authority}`);
  return connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), allowHalfOpen: true });
}

function serve(stream: ServerHttp2Stream, target: Socket): void {
  const refuse = (): void => {
    if (!stream.destroyed) stream.respond({ ':status': 502 }, { endStream: true });
  };
  const abandon = (): void => void target.destroy();
  target.once('error', refuse);
  stream.once('close', abandon);
  target.once('connect', () => {
    target.off('error', refuse);
    stream.off('close', abandon);
    if (stream.destroyed) {
      target.destroy();
      return;
    }
    stream.respond({ ':status': 200 });
    join(stream, target);
  });
}

/** Either side may end what it says before the other does; what breaks off on one side breaks off on the other, and is no end there. */
export function join(stream: Http2Stream, socket: Socket): void {
  stream.on('error', () => undefined);
  socket.on('error', () => undefined);
  socket.pipe(stream).pipe(socket, { end: false });
  const isBroken = (): boolean => stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR;
  // Node.js has a stream end that was reset, or whose session is destroyed, before it closes.
  stream.once('end', () => void (isBroken() || stream.destroyed ? socket.resetAndDestroy() : socket.end()));
  stream.once('close', () => {
    // What has come whole is still on its way to the other side.
    if (isBroken() || !isOver(stream)) socket.resetAndDestroy();
  });
  socket.once('close', () => {
    // Not `close()`, which says first that all was said.
    if (!isOver(socket)) stream.destroy(new Error('the other side has broken off'));
  });
}

/** In both directions. */
function isOver({ readableEnded, writableFinished }: Duplex): boolean {
  return readableEnded && writableFinished;
}
