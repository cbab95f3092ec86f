import { createServer, type Server, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { CannotStartError } from '../../command/executable.ts';
import { errorText } from '../../protocol/errors.ts';

/** Milliseconds for which an endpoint of a tree that has ended waits for a client, and then for a byte in either direction. */
const lingerMillis = 10_000;

interface ChildStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
}

/**
 * Where a client gets the stdin and stdout of one process as one socket (a named pipe on Windows): bytes as they are, at the pace of the slower
 * side, for the first client that connects and no other. The end of either direction is passed on; a client that is gone is to the process as a
 * closed pipe. When the tree has ended, what it printed is kept for a client for as long as that goes on reading it, and not for one that does nothing.
 */
export class RawEndpoint {
  readonly path: string;
  readonly #server: Server;
  readonly #lingerMillis: number;
  #isTaken = false;
  #hasTreeEnded = false;
  #unclaimed: NodeJS.Timeout | undefined;
  #client: Socket | undefined;
  #child: ChildStreams | undefined;

  private constructor(path: string, linger: number) {
    this.path = path;
    this.#lingerMillis = linger;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => this.#accept(socket));
  }

  /**
   * `protect` has the path kept to this user. `linger`: milliseconds without a client, or without a byte, after which all is let go of once the tree has ended.
   * @throws CannotStartError where the socket cannot be opened.
   */
  static async open(path: string, protect: (path: string) => void, linger = lingerMillis): Promise<RawEndpoint> {
    const endpoint = new RawEndpoint(path, linger);
    try {
      await endpoint.#listen();
      protect(path);
      return endpoint;
    } catch (error) {
      endpoint.close();
      throw new CannotStartError(`The socket ${path} for its stdin and stdout cannot be opened: ${errorText(error)}.`);
    }
  }

  /** Whether a client can still connect. */
  get isOpen(): boolean {
    return this.#server.listening && !this.#isTaken;
  }

  /** The process has been started. What it prints waits for the client. */
  attach(child: ChildStreams): void {
    this.#child = child;
    child.stdin.on('error', () => undefined);
    child.stdout.on('error', () => undefined);
    // Node throws away what no listener wants when the process has exited.
    child.stdout.on('readable', holdBack);
    this.#join();
  }

  /** No process of the tree is left. A client that neither reads on nor closes its end, or that never comes, does not keep the descriptors for ever. */
  treeEnded(): void {
    this.#hasTreeEnded = true;
    if (this.#client) this.#closeWhenIdle(this.#client);
    else this.#unclaimed = setTimeout(() => this.close(), this.#lingerMillis).unref();
  }

  /** Lets go of all of it. */
  close(): void {
    clearTimeout(this.#unclaimed);
    this.#isTaken = true;
    if (this.#server.listening) this.#server.close();
    this.#client?.destroy();
    this.#child?.stdin.destroy();
    this.#child?.stdout.destroy();
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.path, () => {
        this.#server.off('error', reject);
        this.#server.on('error', () => undefined);
        resolve();
      });
    });
  }

  #accept(socket: Socket): void {
    socket.on('error', () => undefined);
    if (this.#isTaken) {
      socket.destroy();
      return;
    }
    this.#isTaken = true;
    this.#server.close();
    this.#client = socket;
    clearTimeout(this.#unclaimed);
    if (this.#hasTreeEnded) this.#closeWhenIdle(socket);
    this.#join();
  }

  #closeWhenIdle(socket: Socket): void {
    socket.setTimeout(this.#lingerMillis, () => this.close());
  }

  #join(): void {
    const [socket, child] = [this.#client, this.#child];
    if (socket === undefined || child === undefined) return;
    const { stdin, stdout } = child;
    stdout.off('readable', holdBack);
    stdout.pipe(socket);
    // Of a process that reads no more, what the client still sends goes nowhere: the client is not held up, and gets all of stdout. To close
    // the socket with bytes in it that are not read would be an error to the client.
    const discard = (): void => {
      socket.unpipe(stdin);
      socket.resume();
    };
    if (stdin.destroyed) discard();
    else {
      socket.pipe(stdin);
      stdin.once('close', discard);
    }
    socket.once('close', () => {
      stdin.end();
      stdout.destroy();
    });
  }
}

/** Keeps a stream from flowing. */
function holdBack(): void {}
