import type { Readable } from 'node:stream';
import { type DataCallback, type Disposable, StreamMessageReader } from 'vscode-jsonrpc/node';
import { formatBytes } from '../../../protocol/format.ts';

/** Maximum size of one message in bytes. A reader keeps all of a message in memory until its end has come. */
const maxMessageBytes = 256 * 2 ** 20;

/** Reads messages up to a size: a server that announces more, or sends bytes without an end, loses its connection. */
export class BoundedReader extends StreamMessageReader {
  readonly #stream: Readable;
  readonly #maxBytes: number;
  /** Bytes since the last message. */
  #waiting = 0;

  constructor(stream: Readable, maxBytes = maxMessageBytes) {
    super(stream);
    // Its timer would go off for ever where a server has died in the middle of a message.
    this.partialMessageTimeout = 0;
    this.#stream = stream;
    this.#maxBytes = maxBytes;
  }

  override listen(callback: DataCallback): Disposable {
    // In front of the reader's own: a chunk that ends a message counts for it.
    this.#stream.on('data', (chunk: Buffer) => {
      this.#waiting += chunk.length;
      if (this.#waiting <= this.#maxBytes) return;
      this.fireError(new Error(`The server sent a message of more than ${formatBytes(this.#maxBytes)}.`));
      this.#stream.destroy();
    });
    return super.listen((message) => {
      this.#waiting = 0;
      callback(message);
    });
  }
}
