import { LongTimer } from '../protocol/timers.ts';
import { RequestError } from './requestError.ts';

/** How long a client waits for the owner to release the trees, in milliseconds: a reloaded window can be faster than its own message. */
const takeMillis = 2000;

/** A session that waits to become the owner. */
interface Candidate {
  readonly session: object;
  readonly deadline: NodeJS.Timeout;
  grant(): void;
  refuse(error: RequestError): void;
}

type State =
  | { readonly kind: 'owned'; readonly owner: object }
  /** The owner has released the trees for a successor, which has to come by the deadline. */
  | { readonly kind: 'grace'; readonly deadline: LongTimer; readonly isForExternal: boolean }
  | { readonly kind: 'abandoned' };

export interface OwnershipEvents {
  /**
   * The owner is gone, and has not released the trees for a successor: ends what lives for it alone. Answers for how long a successor is waited for
   * nevertheless, because there are trees that outlive the extension host (a terminal does), in milliseconds; 0: not at all.
   */
  onOwnerGone(reason: string): number;
  /** Called once, when the trees have no owner and none is to come. */
  onAbandoned(reason: string): void;
}

/**
 * The session that the warden's trees live for. When the owner is gone, the trees end; unless the owner has released them
 * for a successor, for which they wait until a deadline. Sessions take their turns in order, and a session whose connection
 * has closed never becomes the owner.
 */
export class Ownership {
  readonly #events: OwnershipEvents;
  readonly #closed = new WeakSet<object>();
  #state: State;
  #candidates: readonly Candidate[] = [];

  constructor(owner: object, events: OwnershipEvents) {
    this.#state = { kind: 'owned', owner };
    this.#events = events;
  }

  /** The owner gives the trees up; from another session, it changes nothing. `keepMillis` 0: no successor is to come. */
  release(session: object, keepMillis: number): void {
    if (!this.#isOwner(session)) return;
    if (keepMillis <= 0) {
      this.#gone('the window was closed');
      return;
    }
    this.#await(keepMillis, `its window went away and did not come back within ${keepMillis / 1000} s`);
  }

  /** Nothing is left that a successor is waited for. */
  nothingIsKept(): void {
    if (this.#state.kind === 'grace' && this.#state.isForExternal) this.#end('the window was closed');
  }

  /** The connection has closed; what the session has sent before may still arrive, but it can own nothing any more. */
  closed(session: object): void {
    this.#closed.add(session);
    for (const one of this.#candidates.filter((candidate) => candidate.session === session)) this.#refuse(one, connectionClosed());
  }

  /** The connection has closed, and everything that the session has sent is dealt with. */
  lost(session: object): void {
    this.closed(session);
    if (this.#isOwner(session)) this.#gone('the client that started it is gone');
  }

  /**
   * Takes the place of an owner that has released the trees, or is about to.
   * @throws RequestError where the owner stays, the warden ends, or the connection of the session closes meanwhile.
   */
  async take(session: object): Promise<void> {
    if (this.#closed.has(session)) throw connectionClosed();
    if (this.#isOwner(session)) return;
    if (this.#state.kind === 'abandoned') throw wardenEnds();
    if (this.#candidates.some((candidate) => candidate.session === session))
      throw new RequestError('notPossible', 'This session waits for the warden already.');
    await new Promise<void>((resolve, reject) => {
      const refusal = new RequestError('notPossible', 'This warden belongs to a window that is open.');
      const deadline = setTimeout(() => this.#refuse(candidate, refusal), takeMillis);
      const candidate: Candidate = { session, deadline, grant: resolve, refuse: reject };
      this.#candidates = [...this.#candidates, candidate];
      if (this.#state.kind === 'grace') this.#grant(candidate);
    });
  }

  /** The warden ends for another reason. */
  close(): void {
    if (this.#state.kind === 'grace') this.#state.deadline.cancel();
    this.#state = { kind: 'abandoned' };
    for (const candidate of this.#candidates) this.#refuse(candidate, wardenEnds());
  }

  #isOwner(session: object): boolean {
    return this.#state.kind === 'owned' && this.#state.owner === session;
  }

  #gone(reason: string): void {
    const keepMillis = this.#events.onOwnerGone(reason);
    if (keepMillis > 0) this.#await(keepMillis, reason, true);
    else this.#end(reason);
  }

  #await(millis: number, reason: string, isForExternal = false): void {
    const [next] = this.#candidates;
    if (next) this.#grant(next);
    else this.#state = { kind: 'grace', deadline: new LongTimer(() => this.#end(reason), millis), isForExternal };
  }

  #end(reason: string): void {
    this.close();
    this.#events.onAbandoned(reason);
  }

  /** In this very turn, so that nothing can come between the grant and the ownership. */
  #grant(candidate: Candidate): void {
    if (this.#state.kind === 'grace') this.#state.deadline.cancel();
    this.#state = { kind: 'owned', owner: candidate.session };
    this.#remove(candidate);
    candidate.grant();
  }

  #refuse(candidate: Candidate, error: RequestError): void {
    this.#remove(candidate);
    candidate.refuse(error);
  }

  #remove(candidate: Candidate): void {
    clearTimeout(candidate.deadline);
    this.#candidates = this.#candidates.filter((one) => one !== candidate);
  }
}

function connectionClosed(): RequestError {
  return new RequestError('connectionClosed', 'The connection has closed: this session cannot own the warden.');
}

function wardenEnds(): RequestError {
  return new RequestError('notPossible', 'This warden is ending: its owner has gone.');
}
