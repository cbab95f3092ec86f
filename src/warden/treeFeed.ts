import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { period } from '../protocol/timers.ts';
import { changeBetween, type TreesChange } from '../protocol/treeChanges.ts';
import { passUnreadable } from './ending/ifReadable.ts';

/** Shortest sampling interval that a client gets, in milliseconds. */
const shortestMillis = 100;

/** Where the trees of a feed come from. */
export interface TreeSource {
  /** Brings the figures up to date. */
  sample(): Promise<void>;
  snapshots(): readonly TreeSnapshot[];
  /** Also of external trees that are only looked at. */
  allSnapshots(): readonly TreeSnapshot[];
}

/** Keeps one client up to date about the trees: a list first, and then what has changed since. */
export class TreeFeed {
  readonly #source: TreeSource;
  readonly #send: (change: TreesChange) => void;
  /** As the client knows them; undefined while it does not watch. */
  #sent: readonly TreeSnapshot[] | undefined;
  #withExternal = false;
  #timer: NodeJS.Timeout | undefined;
  #due: NodeJS.Immediate | undefined;
  #isLooking = false;

  constructor(source: TreeSource, send: (change: TreesChange) => void) {
    this.#source = source;
    this.#send = send;
  }

  get isWatched(): boolean {
    return this.#sent !== undefined;
  }

  /** Answers with the list, and begins to send changes of it at this interval and at transitions. */
  async watch(intervalMillis: number, withExternal = false): Promise<readonly TreeSnapshot[]> {
    this.#withExternal = withExternal;
    clearInterval(this.#timer);
    if (intervalMillis > 0) {
      this.#timer = setInterval(() => this.#look(), period(Math.max(intervalMillis, shortestMillis)));
    }
    await this.#source.sample();
    // In one turn with the answer: a change that is sent behind it is one of this list.
    this.#sent = this.#snapshots();
    return this.#sent;
  }

  /** The trees have changed; what comes within one turn is sent together. */
  changed(): void {
    if (this.isWatched) this.#due ??= setImmediate(() => this.#push());
  }

  dispose(): void {
    clearInterval(this.#timer);
    clearImmediate(this.#due);
    this.#sent = undefined;
  }

  /** A sample that takes longer than the interval is not asked for twice. */
  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const sampled = this.#source.sample().then(() => this.#push(), passUnreadable);
    void sampled.finally(() => {
      this.#isLooking = false;
    });
  }

  #snapshots(): readonly TreeSnapshot[] {
    return this.#withExternal ? this.#source.allSnapshots() : this.#source.snapshots();
  }

  #push(): void {
    clearImmediate(this.#due);
    this.#due = undefined;
    if (this.#sent === undefined) return;
    const now = this.#snapshots();
    this.#send(changeBetween(this.#sent, now));
    this.#sent = now;
  }
}
