import { createServer, type Server, type Socket } from 'node:net';
import type { Platform } from '../platform/platform.ts';
import { errorText } from '../protocol/errors.ts';
import { localizable, type Text } from '../protocol/texts.ts';
import { removeFile } from '../records/recordFiles.ts';
import { socketIdentity } from '../records/records.ts';
import type { Journal } from './journal.ts';
import type { Observers } from './observers.ts';

export interface ClientSocketParts {
  readonly platform: Pick<Platform, 'protectSocket'>;
  readonly observers: Observers;
  readonly journal: Pick<Journal, 'write'>;
  /** Shows a message to the user. */
  alert(message: Text): void;
  onConnection(socket: Socket): void;
}

/** How often it is looked whether the socket is still where clients look for it, in milliseconds. */
const lookMillis = 2000;

/**
 * The socket on which clients find the warden. Where its file was removed or replaced, by a cleaner of temporary files for instance, it listens
 * again: until then no client finds the warden. Connections that are open are not touched.
 */
export class ClientSocket {
  readonly #path: string;
  readonly #parts: ClientSocketParts;
  #server: Server | undefined;
  #identity: string | undefined;
  #looking: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(path: string, parts: ClientSocketParts) {
    this.#path = path;
    this.#parts = parts;
  }

  /** Resolves when it listens, or cannot; it is tried again then. */
  async open(): Promise<void> {
    await this.#listen().catch((error: unknown) => {
      this.#parts.alert(localizable('socketNotOpened', errorText(error)));
    });
    this.#lookLater();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#looking);
    this.#server?.close();
  }

  #lookLater(): void {
    if (this.#isClosed) return;
    this.#looking = setTimeout(() => {
      void this.#parts.observers
        .run('Listening on the socket for the command line', () => this.#look(), undefined)
        .then(() => this.#lookLater());
    }, lookMillis).unref();
  }

  async #look(): Promise<void> {
    if (this.#server?.listening && socketIdentity(this.#path) === this.#identity) return;
    this.#server?.close();
    removeFile(this.#path);
    await this.#listen();
    this.#parts.journal.write({ event: 'socket-reopened', reason: `${this.#path} was removed or replaced` });
  }

  async #listen(): Promise<void> {
    const server = createServer((socket) => this.#parts.onConnection(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // The folder around it is 0700, so there is no moment at which others could connect.
      server.listen(this.#path, resolve);
    });
    server.on('error', (error) => this.#parts.alert(localizable('clientRefused', errorText(error))));
    this.#server = server;
    this.#identity = socketIdentity(this.#path);
    if (this.#isClosed) server.close();
    else this.#protect(server);
  }

  /** @throws Error where others could connect; it does not listen then. */
  #protect(server: Server): void {
    try {
      this.#parts.platform.protectSocket(this.#path);
    } catch (error) {
      server.close();
      throw new Error(`it could not be kept to this user (${errorText(error)})`, { cause: error });
    }
  }
}
