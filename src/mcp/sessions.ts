/** Sessions of clients: one that goes without a word is not kept for ever. */
export interface SessionLimits {
  /** At once. */
  readonly count: number;
  /** Milliseconds without a request, after which a session is closed. */
  readonly idleMillis: number;
}

interface Closable {
  close(): unknown;
}

interface Session<T> {
  readonly transport: T;
  /** Requests that are being answered, a stream of events among them. */
  busy: number;
  /** When the last one ended, by performance.now(). */
  idleSince: number;
}

export class Sessions<T extends Closable> {
  readonly #limits: SessionLimits;
  /** The one that was used last is the last. */
  readonly #all = new Map<string, Session<T>>();
  readonly #timer: NodeJS.Timeout;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
    this.#timer = setInterval(() => this.#closeIdle(), Math.min(limits.idleMillis / 2, 60_000)).unref();
  }

  get count(): number {
    return this.#all.size;
  }

  get(id: string): T | undefined {
    return this.#all.get(id)?.transport;
  }

  /** Whether one more can be had: the one that has been idle longest is closed where there are too many. */
  makeRoom(): boolean {
    if (this.#all.size < this.#limits.count) return true;
    for (const [id, { busy }] of this.#all) {
      if (busy > 0) continue;
      this.#close(id);
      return true;
    }
    return false;
  }

  /** `busy`: the request that opens it is being answered. */
  add(id: string, transport: T, busy = 1): void {
    this.#all.set(id, { transport, busy, idleSince: performance.now() });
  }

  /** A request begins; what is returned is to be called when it has been answered. */
  use(id: string): () => void {
    const session = this.#all.get(id);
    if (!session) return () => undefined;
    session.busy++;
    this.#touch(id, session);
    return () => this.done(id);
  }

  done(id: string): void {
    const session = this.#all.get(id);
    if (!session) return;
    session.busy--;
    this.#touch(id, session);
  }

  delete(id: string): void {
    this.#all.delete(id);
  }

  dispose(): void {
    clearInterval(this.#timer);
    for (const id of [...this.#all.keys()]) this.#close(id);
  }

  #touch(id: string, session: Session<T>): void {
    session.idleSince = performance.now();
    this.#all.delete(id);
    this.#all.set(id, session);
  }

  #closeIdle(): void {
    const before = performance.now() - this.#limits.idleMillis;
    for (const [id, { busy, idleSince }] of this.#all) if (busy === 0 && idleSince <= before) this.#close(id);
  }

  #close(id: string): void {
    const session = this.#all.get(id);
    this.#all.delete(id);
    void session?.transport.close();
  }
}
