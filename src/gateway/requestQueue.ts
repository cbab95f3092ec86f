import type { Waiting } from './lease.ts';

/** A load without a request, which waits until the model is ready. */
interface WaitingLoad {
  resolve(): void;
  reject(error: Error): void;
}

/** What waits for one model: requests, in the order of their arrival, and loads without a request. */
export class RequestQueue {
  readonly #requests: Waiting[] = [];
  readonly #loads: WaitingLoad[] = [];

  /** Number of requests. */
  get length(): number {
    return this.#requests.length;
  }

  /** Whether neither a request nor a load waits. */
  get isEmpty(): boolean {
    return this.#requests.length === 0 && this.#loads.length === 0;
  }

  /** The request that has waited longest. */
  get first(): Waiting | undefined {
    return this.#requests[0];
  }

  /** Adds a request. When `signal` is aborted before the request has its turn, it is rejected with the reason, and `onGone` is called. */
  add(request: Waiting, signal: AbortSignal, onGone: () => void): void {
    this.#requests.push(request);
    signal.addEventListener('abort', () => this.#remove(request, signal.reason as Error) && onGone(), { once: true });
  }

  addLoad(load: WaitingLoad): void {
    this.#loads.push(load);
  }

  /** Removes the first request, whose turn has come. */
  shift(): void {
    this.#requests.shift();
  }

  resolveLoads(): void {
    for (const { resolve } of this.#loads.splice(0)) resolve();
  }

  rejectLoads(error: Error): void {
    for (const { reject } of this.#loads.splice(0)) reject(error);
  }

  /** Rejects every request and every load. */
  rejectAll(error: Error): void {
    for (const { reject } of this.#requests.splice(0)) reject(error);
    this.rejectLoads(error);
  }

  #remove(request: Waiting, reason: Error): boolean {
    const at = this.#requests.indexOf(request);
    if (at < 0) return false;
    this.#requests.splice(at, 1);
    request.reject(reason);
    return true;
  }
}
