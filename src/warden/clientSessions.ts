import type { Alert } from '../protocol/watching.ts';
import type { ClientSession } from './server.ts';

/** The sessions of all connected clients. */
export class ClientSessions {
  readonly #sessions = new Set<ClientSession>();

  get size(): number {
    return this.#sessions.size;
  }

  add(session: ClientSession): void {
    this.#sessions.add(session);
  }

  delete(session: ClientSession): void {
    this.#sessions.delete(session);
  }

  /** Sends an alert to every client; false where there is none that receives it. */
  send(alert: Alert): boolean {
    return [...this.#sessions].filter((session) => session.alert(alert)).length > 0;
  }
}
