import type { Readable } from 'node:stream';
import { StreamMessageReader } from 'vscode-jsonrpc/node';

/**
 * Reads the messages of a connection. The library's own reader has a timer that tells of half a message, and goes on for ever where the other half
 * never comes: each peer that is killed in the middle of one would leave it behind, and keep this process's event loop alive.
 */
export class MessageReader extends StreamMessageReader {
  constructor(input: Readable) {
    super(input);
    this.partialMessageTimeout = 0;
  }
}
