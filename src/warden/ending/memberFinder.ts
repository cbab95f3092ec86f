import { pid as self } from 'node:process';
import { type Platform, type ProcessIdentity, type ProcessStat, sameProcess } from '../../platform/platform.ts';
import type { TreeRecord } from '../../records/records.ts';
import { limitMarkOf } from '../marks.ts';

/** Finds the members of a tree whose warden is dead. One for all looks: what a process carries, it has carried from its birth. */
export class MemberFinder {
  readonly #platform: Platform;
  readonly #record: TreeRecord;
  readonly #recorded: ReadonlyMap<number, ProcessIdentity>;
  readonly #mark: number;
  readonly #marked = new Map<string, boolean>();

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
    const everyone = this.#platform.everyone().filter((process) => process.alive);
    // A session's number proves nothing, unless a recorded member is alive in it.
    const { session } = this.#record;
    const sessionHolds = everyone.some((process) => process.session === session && this.#isRecorded(process));
    const inside = new Set(contained);
    const members = everyone.filter(
      (process) =>
        inside.has(process.pid) || this.#isRecorded(process) || (sessionHolds && process.session === session) || this.#isMarked(process),
    );
    return this.#platform.descendants(members, true).filter((process) => process.alive && process.pid !== self);
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
    const { limit, environment } = this.#platform.marksOf(process.pid);
    const marked = limit === this.#mark || environment.includes(this.#record.tree);
    this.#marked.set(key, marked);
    return marked;
  }
}
