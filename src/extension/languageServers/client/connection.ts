import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { generateRandomPipeName, type MessageTransports, StreamMessageWriter } from 'vscode-languageclient/node';
import type { ServerAddress } from '../../../config/languageServerCommand.ts';
import type { Tree } from '../../../library/api.ts';
import { pause } from '../../../protocol/timers.ts';
import { BoundedReader } from './boundedReader.ts';

/** Time in milliseconds within which a server connects to the address that it was given. */
const connectMillis = 60_000;

/** By the standard input and output of the server. */
export function overStdio({ stdin, stdout }: Tree): MessageTransports {
  return { reader: new BoundedReader(stdout), writer: new StreamMessageWriter(stdin) };
}

/** An address at which the editor waits for one server. */
export class Listener implements Disposable {
  readonly address: ServerAddress;
  readonly #server: Server;
  readonly #connected: Promise<Socket>;

  static async open(kind: ServerAddress['kind']): Promise<Listener> {
    const server = createServer();
    const path = kind === 'pipe' ? generateRandomPipeName() : undefined;
    if (path === undefined) server.listen(0, '127.0.0.1');
    else server.listen(path);
    await once(server, 'listening');
    return new Listener(server, { kind, value: path ?? String((server.address() as AddressInfo).port) });
  }

  private constructor(server: Server, address: ServerAddress) {
    this.#server = server;
    this.address = address;
    this.#connected = new Promise((resolve) => server.once('connection', resolve));
  }

  /** @throws Error where the server ends first, or does not connect in time. */
  async connection(tree: Tree): Promise<MessageTransports> {
    const late = pause(connectMillis).then(() => {
      throw new Error(`the server did not connect within ${connectMillis / 1000} s`);
    });
    late.catch(() => undefined);
    const ended = tree.exited.then(({ reason }) => {
      throw new Error(reason);
    });
    ended.catch(() => undefined);
    try {
      const socket = await Promise.race([this.#connected, late, ended]);
      // A server that is gone has closed it, which its reader tells.
      socket.on('error', () => undefined);
      return { reader: new BoundedReader(socket), writer: new StreamMessageWriter(socket) };
    } finally {
      this[Symbol.dispose]();
    }
  }

  /** A connection that there is goes on. */
  [Symbol.dispose](): void {
    this.#server.close();
  }
}
