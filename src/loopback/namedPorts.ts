import { createServer } from 'node:net';

/** Free loopback ports by name; a name keeps its port for as long as this object lives. */
export class NamedPorts {
  readonly #find: () => Promise<number>;
  readonly #ports = new Map<string, Promise<number>>();

  /** `find`: answers a port that is free. */
  constructor(find = freePort) {
    this.#find = find;
  }

  /** Rejects where the system has no port or descriptor left at the moment; the next call tries again. */
  portFor(name: string): Promise<number> {
    const known = this.#ports.get(name);
    if (known) return known;
    const port = this.#find();
    this.#ports.set(name, port);
    port.catch(() => this.#ports.delete(name));
    return port;
  }
}

/** The kernel picks it; it is free again when this resolves, and the kernel does not hand it out twice in a row. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
