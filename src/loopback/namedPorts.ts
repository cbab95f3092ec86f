import { createServer } from 'node:net';

/**
 * Where ports are looked for: below those that a system gives to connections and to programs that ask for any (from 32768 on Linux, from 49152 elsewhere: ip(7),
 * RFC 6335). The process that is to have a port listens only later, and anew after each restart; meanwhile a connection would take it.
 */
const range = { first: 20_000, last: 32_767 } as const;
/** Number of ports that are tried before the system is asked for any. */
const maxAttempts = 100;
/** Of a port that another program has, or that the system keeps for itself. */
const takenCodes = new Set(['EADDRINUSE', 'EACCES']);

/** Whether this one may be taken: false where it was before. */
type Claim = (port: number) => boolean;

/** Free loopback ports by name; a name keeps its port for as long as this object lives. */
export class NamedPorts {
  readonly #find: (claim: Claim) => Promise<number>;
  readonly #ports = new Map<string, Promise<number>>();
  readonly #claimed = new Set<number>();

  /** `find`: answers a port that is free. */
  constructor(find: (claim: Claim) => Promise<number> = freePort) {
    this.#find = find;
  }

  /** Rejects where the system has no port or descriptor left at the moment; the next call tries again. */
  portFor(name: string): Promise<number> {
    const known = this.#ports.get(name);
    if (known) return known;
    const port = this.#find((one) => this.#claim(one));
    this.#ports.set(name, port);
    port.catch(() => this.#ports.delete(name));
    return port;
  }

  #claim(port: number): boolean {
    if (this.#claimed.has(port)) return false;
    this.#claimed.add(port);
    return true;
  }
}

/** By chance, since others look for theirs at the same time. */
async function freePort(claim: Claim): Promise<number> {
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const port = range.first + Math.floor(Math.random() * (range.last - range.first + 1));
    if (claim(port) && (await isFree(port))) return port;
  }
  return await listenOnce(0);
}

async function isFree(port: number): Promise<boolean> {
  try {
    await listenOnce(port);
    return true;
  } catch (error) {
    if (takenCodes.has((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Resolves with the port, where it is free again; 0: any. */
function listenOnce(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
