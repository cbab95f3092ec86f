import { asError } from '../protocol/errors.ts';
import type { OutputRequest } from '../protocol/output.ts';
import type { OutputListener, OutputSubscription } from './outputSubscriptions.ts';

/** What a tree's output can be read from. */
export interface OutputSource {
  readOutput(request: OutputRequest, listener: OutputListener): OutputSubscription;
}

/**
 * Reads the output of one tree at a time. The next tree, or the end of the follower, ends the reading of the one before at
 * once, also where its warden is not connected yet.
 */
export class OutputFollower implements Disposable {
  #current: Reading | undefined;
  #isDisposed = false;

  /** Resolves when the reading of the current tree has ended, however that came about. */
  get ended(): Promise<void> {
    return this.#current?.ended ?? Promise.resolve();
  }

  /** Does nothing when the follower has ended. */
  follow(source: Promise<OutputSource>, request: OutputRequest, listener: OutputListener): void {
    if (this.#isDisposed) return;
    this.#current?.cancel();
    this.#current = new Reading(source, request, listener);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#current?.cancel();
  }
}

/** One tree's, from before its warden is known. */
class Reading {
  readonly ended: Promise<void>;
  readonly #abort = new AbortController();

  constructor(source: Promise<OutputSource>, request: OutputRequest, listener: OutputListener) {
    this.ended = this.#read(source, request, listener);
  }

  cancel(): void {
    this.#abort.abort();
  }

  async #read(source: Promise<OutputSource>, request: OutputRequest, listener: OutputListener): Promise<void> {
    const { signal } = this.#abort;
    try {
      const found = await source;
      if (signal.aborted) return listener.onEnd?.({ how: 'cancelled' });
      const subscription = found.readOutput(request, listener);
      signal.addEventListener('abort', () => subscription.cancel());
      await subscription.ended;
    } catch (error) {
      listener.onEnd?.({ how: 'failed', error: asError(error) });
    }
  }
}
