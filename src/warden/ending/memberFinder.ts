import { pid as self } from 'node:process';
import { type Platform, type ProcessIdentity, type ProcessStat, sameProcess } from '../../platform/platform.ts';
import type { TreeRecord } from '../../records/records.ts';
import { limitMarkOf } from '../marks.ts';

/** How often it looks again for what one look has missed. */
const maxLooks = 50;

/** Finds the members of a tree whose warden is dead. One for all looks: what a process carries, it has carried from its birth. */
export class MemberFinder {
  readonly #platform: Platform;
  readonly #record: TreeRecord;
  readonly #recorded: ReadonlyMap<number, ProcessIdentity>;
  readonly #mark: number;
  readonly #marked = new Map<string, boolean>();
  /** Somebody ended before its marks were read: what it has forked may be a member. */
  #missed = false;

  constructor(platform: Platform, record: TreeRecord) {
    this.#platform = platform;
    this.#record = record;
    this.#recorded = new Map(record.members.map((member) => [member.pid, member]));
    this.#mark = limitMarkOf(record.tree);
  }

  /**
   * Living members by recorded identity, by container (`contained`), by mark, and by descent from any of them; never this
   * process.
   */
  find(contained: readonly number[] = []): ProcessStat[] {
    for (let look = 1; ; look++) {
      this.#missed = false;
      const members = this.#look(contained);
      if (members.length > 0 || !this.#missed || look === maxLooks) return members;
    }
  }

  #look(contained: readonly number[]): ProcessStat[] {
    const everyone = this.#platform.everyone().filter((process) => process.alive && process.pid !== self);
    // A session's number proves nothing, unless a recorded member is alive in it.
    const { session } = this.#record;
    const sessionHolds = everyone.some((process) => process.session === session && this.#isRecorded(process));
    const inside = new Set(contained);
    const members = everyone.filter(
      (process) =>
        inside.has(process.pid) || this.#isRecorded(process) || (sessionHolds && process.session === session) || this.#isMarked(process),
    );
    const found = this.#platform.descendants(members, true).filter((process) => process.alive && process.pid !== self);
    if (found.length < members.length) this.#missed = true;
    return found;
  }

  #isRecorded(process: ProcessStat): boolean {
    const known = this.#recorded.get(process.pid);
    return known !== undefined && sameProcess(known, process);
  }

  #isMarked(process: ProcessStat): boolean {
    // Nothing that was there before the tree can belong to it; most of a machine is ruled out without another read.
    if (this.#record.leader && process.startTime < this.#record.leader.startTime) return false;
    const key = `${process.pid}:${process.startTime}`;
    const known = this.#marked.get(key);
    if (known !== undefined) return known;
    const marks = this.#platform.marksOf(process.pid);
    if (marks === undefined) {
      this.#missed = true;
      return false;
    }
    const marked = marks.limit === this.#mark || marks.environment.includes(this.#record.tree);
    this.#marked.set(key, marked);
    return marked;
  }
}
