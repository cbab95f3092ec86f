import type { IncomingMessage } from 'node:http';

/** The body of a request is too long, or does not come (408), or there is no room for it at present (503). */
export class BodyError extends Error {
  readonly status: 408 | 413 | 503;

  constructor(status: 408 | 413 | 503, message: string) {
    super(message);
    this.status = status;
  }
}

export interface BodyLimits {
  /** Of one body, in bytes. */
  readonly one: number;
  /** Of all bodies that are kept at one time, in bytes. */
  readonly all: number;
  /** Milliseconds in which nothing of it comes; and in which the rest of one that was refused may come. */
  readonly idleMillis: number;
}

/** A body that is kept until it is let go of. */
export interface KeptBody {
  readonly bytes: Buffer;
  release(): void;
}

/** Reads bodies that have to be kept, and bounds what they take up. */
export class BodyKeeper {
  readonly #limits: BodyLimits;
  #kept = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /**
   * By events: an async iterator costs a small request a tenth of all that it costs.
   * @throws BodyError where it is longer than it may be, or does not go on; what the connection failed with.
   */
  read(request: IncomingMessage): Promise<KeptBody> {
    const { one, all, idleMillis } = this.#limits;
    let length = 0;
    const release = (): void => {
      this.#kept -= length;
      length = 0;
    };
    const noRoom = (): BodyError =>
      new BodyError(503, `Requests that wait for their answers fill the ${all} bytes that are kept of them; try again in a moment.`);
    const tooLong = (): BodyError => new BodyError(413, `The request has more than ${one} bytes.`);
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const fail = (error: Error): void => {
        clearTimeout(timer);
        release();
        chunks.length = 0;
        request.removeListener('data', take);
        discardRest(request, idleMillis);
        reject(error);
      };
      const late = (): void => fail(new BodyError(408, `Nothing of the request’s body has come for ${idleMillis / 1000} s.`));
      const timer = setTimeout(late, idleMillis);
      const take = (chunk: Buffer): void => {
        length += chunk.length;
        this.#kept += chunk.length;
        if (length > one) fail(tooLong());
        else if (this.#kept > all) fail(noRoom());
        else {
          chunks.push(chunk);
          timer.refresh();
        }
      };
      const announced = Number(request.headers['content-length'] ?? 0);
      if (announced > one) return fail(tooLong());
      if (this.#kept + announced > all) return fail(noRoom());
      request.on('data', take);
      request.once('end', () => {
        clearTimeout(timer);
        const [only] = chunks;
        resolve({ bytes: chunks.length === 1 && only ? only : Buffer.concat(chunks), release });
      });
      request.once('error', fail);
      request.once('close', () => {
        if (!request.complete) fail(new Error('the client has gone'));
      });
    });
  }
}

/** The rest is read and thrown away, so that the client reads why; one that goes on sending after that has its connection closed. */
function discardRest(request: IncomingMessage, idleMillis: number): void {
  request.resume();
  const deadline = setTimeout(() => request.destroy(), idleMillis).unref();
  request.once('close', () => clearTimeout(deadline));
}
