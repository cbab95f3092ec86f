import type { TreeSnapshot } from '../protocol/snapshot.ts';
import { period } from '../protocol/timers.ts';
import { changeBetween, type TreesChange } from '../protocol/treeChanges.ts';
import { passUnreadable } from './ending/ifReadable.ts';
import type { TreeListener } from './treeNews.ts';

/** Shortest sampling interval that a client gets, in milliseconds. */
const shortestMillis = 100;

/**
 * A change that took longer to make than this, in milliseconds, is followed by a rest of so many times its time: where a thousand trees are started or ended, the
 * lists of all of them, one at each transition, would take most of the warden's time.
 */
const quickMillis = 2;
const restFactor = 3;
const maxRestMillis = 200;

/** Where the trees of a feed come from. */
export interface TreeSource {
  /** Brings the figures up to date. */
  sample(): Promise<void>;
  snapshots(): readonly TreeSnapshot[];
  /** Also of external trees that are only looked at. */
  allSnapshots(): readonly TreeSnapshot[];
}

/** Keeps one client up to date about the trees: a list first, and then what has changed since. */
export class TreeFeed implements TreeListener {
  readonly #source: TreeSource;
  readonly #send: (change: TreesChange) => void;
  /** As the client knows them; undefined while it does not watch. */
  #sent: readonly TreeSnapshot[] | undefined;
  #withExternal = false;
  /** The last of trees that are not listed any more, and whose end may not have been sent. */
  #forgotten: TreeSnapshot[] = [];
  #timer: NodeJS.Timeout | undefined;
  #due: { cancel(): void } | undefined;
  /** By performance.now(). */
  #restUntil = 0;
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
    // One that watches already is told of all that has changed by then: the list has no ends of what is not listed any more.
    this.#push();
    // In one turn with the answer: a change that is sent behind it is one of this list.
    this.#sent = this.#snapshots();
    this.#forgotten = [];
    return this.#sent;
  }

  /** The trees have changed; what comes within one turn, or within the rest after a long list, is sent together. */
  changed(): void {
    if (!this.isWatched || this.#due) return;
    const rest = this.#restUntil - performance.now();
    if (rest > 0) {
      const timer = setTimeout(() => this.#push(), period(rest));
      this.#due = { cancel: () => clearTimeout(timer) };
    } else {
      const turn = setImmediate(() => this.#push());
      this.#due = { cancel: () => clearImmediate(turn) };
    }
  }

  /**
   * A tree is not listed any more. Between two changes that are sent, one may have ended, and even its successor: its end is sent nevertheless, since
   * clients wait for that, and find what has taken its place by it.
   */
  forgotten(last: TreeSnapshot): void {
    if (this.isWatched) this.#forgotten.push(last);
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#due?.cancel();
    this.#sent = undefined;
    this.#forgotten = [];
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
    this.#due?.cancel();
    this.#due = undefined;
    if (this.#sent === undefined) return;
    const begun = performance.now();
    const now = this.#snapshots();
    this.#sent = this.#sendEnds(this.#sent, now);
    this.#send(changeBetween(this.#sent, now));
    this.#sent = now;
    const ended = performance.now();
    this.#restUntil = ended - begun > quickMillis ? ended + Math.min(maxRestMillis, restFactor * (ended - begun)) : 0;
  }

  /** What was forgotten is listed for one change more, where the client does not know the last of it. Returns what the client knows then. */
  #sendEnds(sent: readonly TreeSnapshot[], now: readonly TreeSnapshot[]): readonly TreeSnapshot[] {
    const forgotten = this.#forgotten;
    if (forgotten.length === 0) return sent;
    this.#forgotten = [];
    const newest = new Map([...sent, ...forgotten, ...now].map((tree) => [tree.id, tree]));
    const listed = new Set([...forgotten, ...now].map(({ id }) => id));
    const withEnds = [...newest.values()].filter(({ id }) => listed.has(id));
    const change = changeBetween(sent, withEnds);
    const isKnown = forgotten.every(({ id }) => !change.changed?.some((tree) => tree.id === id));
    if (isKnown) return sent;
    this.#send(change);
    return withEnds;
  }
}
