import type { Readable, Writable } from 'node:stream';
import {
  createMessageConnection,
  type DataCallback,
  type Disposable,
  type MessageConnection,
  type MessageStrategy,
} from 'vscode-jsonrpc/node';
import { MessageReader } from './messageReader.ts';
import { MessageWriter } from './messageWriter.ts';

export interface OpenConnection {
  readonly connection: MessageConnection;
  /** Resolves when the other side has closed it, and every message that had arrived by then has been dealt with. */
  readonly closed: Promise<void>;
}

/** Number of turns of the event loop without a message after which none is left: one message is handled each turn. */
const quietTurns = 20;

export interface ConnectionOptions {
  /** Sees each message before it is handled, and may hand on another one. */
  readonly handleMessage?: MessageStrategy['handleMessage'];
  /** Turns of the event loop after which `closed` resolves whatever is left; no limit by default. */
  readonly maxLastTurns?: number;
}

/** The end of the stream overtakes the messages before it, which wait in queues of the library: a side that needs the last ones waits for `closed`. */
export function openConnection(
  input: Readable,
  output: Writable,
  { handleMessage = (message, next) => next(message), maxLastTurns = Number.POSITIVE_INFINITY }: ConnectionOptions = {},
): OpenConnection {
  let progress = 0;
  const reader = new ObservedReader(input, () => progress++);
  const connection = createMessageConnection(reader, new MessageWriter(output), undefined, {
    messageStrategy: {
      handleMessage: (message, next) => {
        progress++;
        return handleMessage(message, next);
      },
    },
  });
  const drain = async (): Promise<void> => {
    let before = progress;
    for (let quiet = 0, turn = 0; quiet < quietTurns && turn < maxLastTurns; quiet = progress === before ? quiet + 1 : 0, turn++) {
      before = progress;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  // The other direction may close first, and says nothing of what is still to be read.
  const ended = new Promise<void>((resolve) => {
    if (input.closed) resolve();
    else input.once('close', resolve);
  });
  return { connection, closed: ended.then(drain) };
}

class ObservedReader extends MessageReader {
  readonly #onMessage: () => void;

  constructor(input: Readable, onMessage: () => void) {
    super(input);
    this.#onMessage = onMessage;
  }

  override listen(callback: DataCallback): Disposable {
    return super.listen((message) => {
      this.#onMessage();
      callback(message);
    });
  }
}
