import { type Platform, type ProcessIdentity, type ProcessStat, sameProcess } from '../../platform/platform.ts';
import type { TreeRecord, WardenRecord } from '../../records/records.ts';
import { countMarks, limitMarkOf } from '../marks.ts';

/** Maximum number of passes over the process table, for processes that one pass has missed. */
const maxPasses = 50;

/** Finds the members of a tree whose warden is dead. One finder serves all passes: the marks of a process do not change after its birth. */
export class MemberFinder {
  readonly #platform: Platform;
  readonly #record: TreeRecord;
  readonly #recorded: ReadonlyMap<number, ProcessIdentity>;
  readonly #mark: number;
  readonly #marked = new Map<string, Marked>();
  /** Start time of the tree: an older process is not a member. */
  readonly #notBefore: number;
  /** Members of the last pass: a child stays a member when its parent has ended. */
  #before = new Map<number, ProcessIdentity>();
  /** A process ended before its marks were read: its children may be members. */
  #missed = false;

  /** `warden`: the warden that wrote the record. */
  constructor(platform: Platform, record: TreeRecord, warden?: Pick<WardenRecord, 'process' | 'lifetime'>) {
    this.#platform = platform;
    this.#record = record;
    // A detached warden may have taken over a tree that is older than itself.
    const isOfAnother = record.external === true || warden?.lifetime === 'detached';
    const mayBeOlder = warden === undefined || (isOfAnother && record.leader !== null);
    const wardenStart = mayBeOlder ? 0 : warden.process.startTime;
    this.#notBefore = Math.max(record.leader?.startTime ?? 0, wardenStart);
    this.#recorded = new Map(record.members.map((member) => [member.pid, member]));
    this.#mark = limitMarkOf(record.tree);
  }

  /**
   * Living members by recorded identity, by container (`contained`), by mark, and by descent from any of them; never a protected
   * process, one that is older than the tree, or another user's that no member has become (see {@link countMarks}).
   */
  find(contained: readonly number[] = []): ProcessStat[] {
    for (let pass = 1; ; pass++) {
      this.#missed = false;
      const members = this.#pass(contained);
      if (members.length > 0 || !this.#missed || pass === maxPasses) return members;
    }
  }

  /** Whether a process that is in the tree's container may be killed with it. */
  mayKill(pid: number): boolean {
    if (this.#platform.isProtected(pid)) return false;
    const process = this.#platform.stat(pid);
    return process?.alive !== true || this.#isMember(process, new Set([pid]), false);
  }

  #pass(contained: readonly number[]): ProcessStat[] {
    const allProcesses = this.#platform.allProcesses().filter((process) => process.alive && !this.#platform.isProtected(process.pid));
    // A session's number proves nothing, unless a recorded member is alive in it.
    const { session } = this.#record;
    const sessionHolds = allProcesses.some((process) => process.session === session && this.#isRecorded(process));
    const inside = new Set(contained);
    const members = allProcesses.filter((process) => this.#isMember(process, inside, sessionHolds && process.session === session));
    const found = this.#platform.descendants(members, true).filter((process) => process.alive && !this.#platform.isProtected(process.pid));
    if (found.length < members.length) this.#missed = true;
    this.#before = new Map(found.map((process) => [process.pid, process]));
    return found;
  }

  #isMember(process: ProcessStat, inside: ReadonlySet<number>, inSession: boolean): boolean {
    if (process.startTime < this.#notBefore) return false;
    const before = this.#before.get(process.pid);
    if (before && sameProcess(before, process)) return true;
    const isKnown = inside.has(process.pid) || this.#isRecorded(process);
    if (!isKnown && !inSession && !this.#isMarked(process)) return false;
    if (this.#platform.isOwnedByUser(process.pid)) return true;
    // It may have ended a moment ago; what it has forked is looked for again.
    if (this.#platform.stat(process.pid)?.startTime !== process.startTime) this.#missed = true;
    // A process that was also seen in the tree has become another user's.
    return isKnown ? this.#isMarked(process) : this.#look(process) === 'counts';
  }

  #isRecorded(process: ProcessStat): boolean {
    const known = this.#recorded.get(process.pid);
    return known !== undefined && sameProcess(known, process);
  }

  #isMarked(process: ProcessStat): boolean {
    return this.#look(process) !== 'no';
  }

  #look(process: ProcessStat): Marked {
    const key = `${process.pid}:${process.startTime}`;
    const known = this.#marked.get(key);
    if (known !== undefined) return known;
    const marks = this.#platform.marksOf(process.pid);
    if (marks === undefined) {
      this.#missed = true;
      return 'no';
    }
    const isMarked = marks.limit === this.#mark || marks.environment.includes(this.#record.tree);
    const counts = isMarked && countMarks(this.#platform, process.pid, marks, this.#record.tree);
    const marked = counts ? 'counts' : isMarked ? 'copied' : 'no';
    this.#marked.set(key, marked);
    return marked;
  }
}

/** `copied`: it has the mark of the tree, which does not make it a member. */
type Marked = 'counts' | 'copied' | 'no';
