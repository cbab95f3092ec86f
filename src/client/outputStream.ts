import type { OutputRequest } from '../protocol/output.ts';
import type { OutputSource } from './outputFollower.ts';
import type { OutputSubscription } from './outputSubscriptions.ts';

/** A piece of what a tree has printed. */
export interface OutputPiece {
  readonly data: Buffer;
  /** Bytes that were left out before it. */
  readonly skipped: number;
}

/**
 * The output of one tree, piece by piece: `for await (const { data } of client.output(request))`. Each piece counts as read when
 * the next one is asked for, so that a slow reader is never sent more than a window's worth. It is read once. Leaving the loop, or
 * disposing the stream from elsewhere, ends the subscription.
 */
export class OutputStream implements AsyncIterable<OutputPiece>, Disposable {
  readonly #subscription: OutputSubscription;
  readonly #pieces: (OutputPiece & { acknowledge(): void })[] = [];
  #wake: () => void = () => undefined;

  constructor(source: OutputSource, request: OutputRequest) {
    this.#subscription = source.readOutput(request, {
      onChunk: (data, skipped) =>
        new Promise((acknowledge) => {
          this.#pieces.push({ data, skipped, acknowledge });
          this.#wake();
        }),
      onEnd: () => this.#wake(),
    });
  }

  /** Ends with the output or when it is disposed. @throws Error where the tree is unknown, WardenGoneError where the connection has closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<OutputPiece, void, void> {
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece) {
          yield piece;
          piece.acknowledge();
        } else if (this.#subscription.isOver) break;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
      await this.#subscription.complete();
    } finally {
      this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.#subscription.cancel();
    for (const { acknowledge } of this.#pieces.splice(0)) acknowledge();
  }
}
