import { randomInt } from 'node:crypto';
import { markRange, type Platform, type ProcessIdentity, type ProcessStat } from '../../platform/platform.ts';
import { ifReadable } from '../ending/ifReadable.ts';

/** Birth marks are multiples of this in the range of all marks, by which they are told from those of trees. */
const step = 2 ** 16;
/** How long a host has the same mark at most, in milliseconds. */
const renewMillis = 1000;

/** Looks at what the host runs for itself, each of which takes the mark off what has it: a process may start another one meanwhile. */
const maxPasses = 5;

/** Number of marks that are remembered as given to a host: of the last hour, for one host. */
const maxUnused = 3600;

/** Whether it is a mark that a host has handed on; of the marks of trees, one in 65,536 looks like one. */
export function isBirthMark(mark: number): boolean {
  return mark >= markRange.from && (mark - markRange.from) % step === 0;
}

/**
 * What the editor starts is there before the warden is told of it, and may have left a daemon by then that shows no trace of where it comes from. So the
 * host of its terminals, the editor's own process that starts them, is given a mark that every process is born with, and a new one right after each start
 * and every second: a mark that one child of a host was born with is that child's own. Where it may be another one's too, it is no one's.
 */
export class BirthMarks {
  readonly #platform: Platform;
  readonly #hosts = new Map<number, ProcessIdentity>();
  /** Marks that this warden has given to a host, and that no tree has yet: another window's warden may have given others to the same host. */
  readonly #unused = new Set<number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** From now on, what this process starts is born with a mark. Nothing happens where it is another user's, or carries the mark of a tree. */
  add(host: ProcessIdentity): void {
    if (this.#hosts.get(host.pid)?.startTime === host.startTime || !this.#platform.isOwnedByUser(host.pid)) return;
    if (!this.#give(host)) return;
    this.#hosts.set(host.pid, host);
    this.#timer ??= setInterval(() => ifReadable(() => this.renew()), renewMillis).unref();
  }

  /** What its hosts start from now on is born with another mark. */
  renew(): void {
    for (const [pid, host] of this.#hosts) if (!this.#give(host)) this.#hosts.delete(pid);
  }

  /** A child of a host ended before it could be looked at: the mark that it was born with is no other one's. */
  markShared(): void {
    for (const pid of this.#hosts.keys()) this.#unused.delete(this.#platform.marksOf(pid)?.limit ?? 0);
    this.renew();
  }

  /**
   * The mark for a tree of this process: the one that it was born with where that is its own; else a neighbour of that, so that a sibling's warden
   * sees that it was shared. Undefined where no host has started it.
   */
  markFor(process: ProcessStat): number | undefined {
    const mark = this.#platform.marksOf(process.pid)?.limit;
    const host = this.#hosts.get(process.parent);
    if (mark === undefined || !isBirthMark(mark) || host === undefined) return undefined;
    const isShared = this.#isAnotherOnes(mark, process, host);
    // Given out once only: a later child of the host cannot have been born with it.
    return this.#unused.delete(mark) && !isShared ? mark : mark + randomInt(1, step);
  }

  /** Whether something else that the host has started was born with the mark, too. */
  #isAnotherOnes(mark: number, process: ProcessStat, host: ProcessIdentity): boolean {
    const session = this.#platform.stat(host.pid)?.session;
    // What runs in a terminal has a session of its own. In the host's there is what it runs for itself, to ask for figures; below that, there may be a session again.
    const isHelper = (one: ProcessStat): boolean => process.session !== session && one.session === session;
    for (let pass = 0; pass < maxPasses; pass++) {
      // From the siblings down, so that nothing that the process itself starts meanwhile is taken for another one's.
      const siblings = this.#platform.descendants([host], true).filter(({ pid, parent }) => parent === host.pid && pid !== process.pid);
      const beside = this.#platform.descendants(siblings, true);
      const born = beside.filter(({ pid }) => isNeighbour(mark, this.#platform.marksOf(pid)?.limit));
      if (!born.every(isHelper)) return true;
      if (born.length === 0) return false;
      for (const helper of born) this.#platform.markRunning(helper, undefined, mark);
    }
    return true;
  }

  /** Takes the marks off the hosts. */
  dispose(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const [pid, host] of this.#hosts) {
      const mark = ifReadable(() => this.#platform.marksOf(pid)?.limit);
      if (mark !== undefined && isBirthMark(mark)) ifReadable(() => this.#platform.markRunning(host, undefined, mark));
    }
    this.#hosts.clear();
    this.#unused.clear();
  }

  #give(host: ProcessIdentity): boolean {
    const before = this.#platform.marksOf(host.pid)?.limit;
    if (before !== undefined && !isBirthMark(before)) return false;
    const mark = newMark();
    if (!this.#platform.markRunning(host, mark, before)) return false;
    this.#unused.add(mark);
    for (const oldest of [...this.#unused].slice(0, -maxUnused)) this.#unused.delete(oldest);
    return true;
  }
}

function isNeighbour(birthMark: number, mark = 0): boolean {
  return mark >= birthMark && mark < birthMark + step;
}

function newMark(): number {
  return markRange.from + randomInt(1, 2 ** markRange.bits / step) * step;
}
