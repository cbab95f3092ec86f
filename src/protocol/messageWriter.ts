import type { Writable } from 'node:stream';
import { AbstractMessageWriter, type Message, type MessageWriter as Writer } from 'vscode-jsonrpc/node';

/**
 * Writes the messages of a connection, each by a single write. The library's own writer needs two, the second one only when the first is done: each wakes the other
 * side, which can do nothing with a head alone.
 */
export class MessageWriter extends AbstractMessageWriter implements Writer {
  readonly #output: Writable;
  #failures = 0;

  constructor(output: Writable) {
    super();
    this.#output = output;
    output.on('error', (error) => this.fireError(error));
    output.on('close', () => this.fireClose());
  }

  /** Resolves when the message is on its way to the other side. Messages are written in the order of the calls. */
  write(message: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      const body = JSON.stringify(message);
      this.#output.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, (error) => {
        if (!error) return resolve();
        this.fireError(error, message, ++this.#failures);
        reject(error);
      });
    });
  }

  end(): void {
    this.#output.end();
  }
}
