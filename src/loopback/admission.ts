/** Bounds of connections whose peer has not shown yet that it may ask. Any process of this machine can open them. */
export interface AdmissionLimits {
  /** At once. */
  readonly count: number;
  /** Milliseconds after which one is closed. */
  readonly deadlineMillis: number;
}

/** Of a process's descriptors, a quarter may be taken up by connections that have shown nothing; a client may open hundreds in one moment, and speak on them in the next. */
const limits = { share: 1 / 4, most: 1024, deadlineMillis: 5000 } as const;

/** @param descriptors How many files the process may have open. */
export function admissionLimits(descriptors: number): AdmissionLimits {
  const { share, most, deadlineMillis } = limits;
  return { count: Math.max(1, Math.min(most, Math.floor(descriptors * share))), deadlineMillis };
}

interface Connection {
  destroy(): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/**
 * Connections that wait to be authorised. Over a limit, the oldest one is closed, never the one that has just come: a client that knows the token speaks at
 * once, and is not counted any more when it has.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  /** In the order of their coming, with when that was, by performance.now(). */
  readonly #waiting = new Map<Connection, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  admit(connection: Connection): void {
    this.#waiting.set(connection, performance.now());
    connection.once('close', () => this.#waiting.delete(connection));
    if (this.#waiting.size > this.#limits.count) this.#closeOldest();
    this.#timer ??= setTimeout(() => this.#checkSoon(), this.#limits.deadlineMillis).unref();
  }

  /** It may ask, and has as long as it wants. */
  authorise(connection: Connection): void {
    this.#waiting.delete(connection);
  }

  #closeOldest(): void {
    const [oldest] = this.#waiting.keys();
    if (!oldest) return;
    this.#waiting.delete(oldest);
    oldest.destroy();
  }

  /** Behind what has arrived: where the event loop was held up until now, a client may have spoken long ago. */
  #checkSoon(): void {
    setImmediate(() => this.#check());
  }

  #check(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const since of this.#waiting.values()) {
      const left = since + this.#limits.deadlineMillis - now;
      if (left > 0) {
        this.#timer = setTimeout(() => this.#checkSoon(), left).unref();
        return;
      }
      this.#closeOldest();
    }
  }
}
