import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** The client's end of a connection that is to speak another protocol from now on (a WebSocket), and what has come of that already. */
export interface Upgrade {
  readonly socket: Duplex;
  readonly head: Buffer;
  /** Where the server refuses, its answer goes here. */
  readonly response: ServerResponse;
}

/** What a server's answer to the wish says of itself; the others are of the connection to it. */
const statusLine = 'HTTP/1.1 101 Switching Protocols';
const lineEnd = '\r\n';
/** Milliseconds in which the last bytes are to be taken. */
const lastMillis = 5000;

/**
 * Both ends of a connection, joined: what one sends, the other one gets, unread and no faster than it takes it. Where one goes, the other one does, too. undici has shaken hands
 * with the server; plain sockets are all that is left to do, so no library that knows WebSockets is needed.
 */
export class Tunnel {
  readonly #client: Duplex;
  readonly #server: Duplex;
  /** Resolves when both ends are closed. */
  readonly closed: Promise<void>;

  constructor({ socket: client, head }: Upgrade, server: Duplex, headers: IncomingHttpHeaders) {
    this.#client = client;
    this.#server = server;
    this.closed = Promise.all([client, server].map(whenClosed)).then(() => undefined);
    const lines = [statusLine, 'Connection: Upgrade', 'Upgrade: websocket'];
    for (const [name, value] of Object.entries(headers)) {
      if (name === 'connection' || name === 'upgrade') continue;
      for (const one of [value ?? []].flat()) lines.push(`${name}: ${one}`);
    }
    client.write(Buffer.from([...lines, lineEnd].join(lineEnd), 'latin1'));
    if (head.length > 0) server.write(head);
    pass(client, server);
    pass(server, client);
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
  }
}

/** Neither end stays alone: where one end has said its last, or is lost, the other one gets what is still to be written, and is closed. */
function pass(from: Duplex, to: Duplex): void {
  from.pipe(to, { end: false });
  from.on('error', () => from.destroy());
  const finish = (): void => {
    setTimeout(() => to.destroy(), lastMillis).unref();
    to.end(() => to.destroy());
  };
  from.once('end', finish);
  from.once('close', finish);
}

function whenClosed(end: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (end.closed) resolve();
    else end.once('close', resolve);
  });
}
