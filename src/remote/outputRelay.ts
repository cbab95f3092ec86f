import type { OutputStream } from '../client/outputStream.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import type { TreeId } from '../protocol/identity.ts';

/** Prints what a tree on a node prints, as fast as the reader of this process takes it, once over all connections. */
export class OutputRelay {
  #position = 0;
  #stream: OutputStream | undefined;
  #finish: () => void = () => undefined;
  /** Resolves when all of it is printed. */
  readonly ended = new Promise<void>((resolve) => {
    this.#finish = resolve;
  });

  /** Goes on where the connection before has broken off. */
  from(warden: WardenClient, tree: TreeId): void {
    this.#stream?.[Symbol.dispose]();
    const stream = warden.output({ tree, from: this.#position, whenBehind: 'wait', follow: true });
    this.#stream = stream;
    void this.#relay(stream).catch(() => undefined);
  }

  async #relay(stream: OutputStream): Promise<void> {
    for await (const { data, skipped } of stream) {
      this.#position += skipped + data.length;
      if (!process.stdout.write(data)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
    if (stream === this.#stream) process.stdout.write('', () => this.#finish());
  }
}
