import type { RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import * as protocol from '../protocol/declare.ts';
import { setWatching } from '../protocol/fileWatch.ts';
import { ifConnected } from '../protocol/ifConnected.ts';
import type { Declarations } from './reconciler/declarations.ts';

/** Has a client's requests of this type answered by `work`. */
type AnswerRequests = <P, R>(request: RequestType<P, R, void> | RequestType0<R, void>, work: (params: P) => R | Promise<R>) => void;

/** Answers what a client asks of declared names. */
export function answerNameRequests(on: AnswerRequests, declarations: Declarations): void {
  on(protocol.declare, (request) => declarations.declare(request));
  on(protocol.startName, (request) => declarations.start(request));
  on(protocol.stopName, (request) => declarations.stop(request));
  on(protocol.restartName, (request) => declarations.restart(request));
  on(protocol.scaleName, (request) => declarations.scale(request));
  on(setWatching, (request) => {
    declarations.setWatching(request);
    return null;
  });
  on(protocol.listNames, () => declarations.status);
  on(protocol.namedPort, ({ name }) => declarations.port(name));
}

/** Tells one client what has changed of declared names. */
export class NamePush {
  readonly #connection: MessageConnection;
  readonly #declarations: Declarations;
  /** Last status sent, as JSON. */
  #lastSent = '[]';

  constructor(connection: MessageConnection, declarations: Declarations) {
    this.#connection = connection;
    this.#declarations = declarations;
  }

  /** To be called where the client watches. */
  push(): void {
    const { status } = this.#declarations;
    const text = JSON.stringify(status);
    if (text === this.#lastSent) return;
    this.#lastSent = text;
    void ifConnected(() => this.#connection.sendNotification(protocol.names, status));
  }
}
