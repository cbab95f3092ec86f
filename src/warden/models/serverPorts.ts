import { performance } from 'node:perf_hooks';
import { NamedPorts } from '../../loopback/namedPorts.ts';

/** How long a port is not given to another server after its own has ended, in milliseconds: requests for that one may still be on their way. */
const restMillis = 120_000;
/** Number of attempts: each is at random. */
const maxAttempts = 100;

/**
 * Ports of model servers. A port is free until its server listens on it, so it may be found again meanwhile; with the same port, one model's server
 * would answer for another's.
 */
export class ServerPorts {
  readonly #find: () => Promise<number>;
  readonly #now: () => number;
  /** When each may be given out again; `Infinity` while it is taken. */
  readonly #freeAt = new Map<number, number>();

  /** `find`: answers a port that is free; `now` in milliseconds, monotonic. */
  constructor(find = () => new NamedPorts().portFor(''), now = () => performance.now()) {
    this.#find = find;
    this.#now = now;
  }

  /** @throws Error where the system has no port left. */
  async take(): Promise<number> {
    const now = this.#now();
    for (const [port, freeAt] of this.#freeAt) if (freeAt <= now) this.#freeAt.delete(port);
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const port = await this.#find();
      if (this.#freeAt.has(port)) continue;
      this.#freeAt.set(port, Number.POSITIVE_INFINITY);
      return port;
    }
    throw new Error('There is no port left that another model’s server has not just had. Try again in two minutes.');
  }

  /** Its server has ended. */
  release(port: number): void {
    if (this.#freeAt.has(port)) this.#freeAt.set(port, this.#now() + restMillis);
  }
}
