import { type Disposable, Emitter, type MessageConnection, type RequestType, type RequestType0 } from 'vscode-jsonrpc';
import * as protocol from '../protocol/declare.ts';
import { setWatching, type WatchFilesRequest } from '../protocol/fileWatch.ts';

/** Sends a request; rejects with a named error where the warden has gone, or does not know it. */
type AskWarden = <P, R>(request: RequestType<P, R, void> | RequestType0<R, void>, params?: P) => Promise<R>;

/** The declared names of a warden, as its clients see them: what is declared and desired, and the verbs for it. */
export class NameClient {
  readonly #ask: AskWarden;
  readonly #changed = new Emitter<readonly protocol.NameStatus[]>();

  constructor(connection: MessageConnection, ask: AskWarden) {
    this.#ask = ask;
    connection.onNotification(protocol.names, (names) => this.#changed.fire(names));
  }

  /** Of a client that watches. */
  onChange(listener: (names: readonly protocol.NameStatus[]) => void): Disposable {
    return this.#changed.event(listener);
  }

  async declare(request: protocol.DeclareRequest): Promise<readonly protocol.NameStatus[]> {
    return await this.#ask(protocol.declare, request);
  }

  async list(): Promise<readonly protocol.NameStatus[]> {
    return await this.#ask(protocol.listNames);
  }

  /** Starts each instance that does not run. */
  async start(request: protocol.StartNameRequest): Promise<protocol.NameAnswer> {
    return await this.#ask(protocol.startName, request);
  }

  /** Resolves when nothing of it is left. */
  async stop(request: protocol.StopNameRequest): Promise<protocol.NameAnswer> {
    return await this.#ask(protocol.stopName, request);
  }

  /** Of a pool one instance after the other, with the newest declaration. */
  async restart(request: protocol.RestartNameRequest): Promise<protocol.NameAnswer> {
    return await this.#ask(protocol.restartName, request);
  }

  async scale(request: protocol.ScaleRequest): Promise<protocol.NameAnswer> {
    return await this.#ask(protocol.scaleName, request);
  }

  /** Pauses the watching of files, or resumes it. */
  async setWatching(request: WatchFilesRequest): Promise<void> {
    await this.#ask(setWatching, request);
  }

  /** A free port that declarations know by this name, the same one at every call. */
  async port(name: string): Promise<number> {
    return await this.#ask(protocol.namedPort, { name });
  }
}
