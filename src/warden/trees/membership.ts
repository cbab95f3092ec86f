import type { FoundContainer } from '../../platform/container.ts';
import { type Platform, type ProcessIdentity, type ProcessStat, sameProcess } from '../../platform/platform.ts';
import type { TreeId } from '../../protocol/identity.ts';
import { countMarks, limitMarkNamed, limitMarkOf } from '../marks.ts';
import { SharedLooks } from './sharedLooks.ts';

export interface Census {
  /** Living members and zombies of each tree, parents before their children. */
  readonly members: ReadonlyMap<TreeId, readonly ProcessStat[]>;
  /** Descendants of the warden that no mark ties to a tree. */
  readonly strays: readonly ProcessStat[];
}

/** Maximum number of passes, for processes that one pass has missed because their parent forked and exited. */
const maxPasses = 10;

/**
 * Assigns processes to trees. The warden is the subreaper of all that it spawns, so every member is below it, however far
 * it has strayed; only the tree of an orphan that came back to the warden has to be found out.
 */
export class Membership {
  readonly #platform: Platform;
  readonly #self: ProcessIdentity;
  /** Children of the warden that are members of no tree: the switch and the gateway process. */
  readonly #helperPids = new Set<number>();
  /** Leaders, and every process spawned through Node: Node waits for those itself. */
  readonly #spawned = new Set<number>();
  readonly #treeOfSession = new Map<number, TreeId>();
  readonly #treeOfMark = new Map<number, TreeId>();
  /** Start time of each tree's leader: an older process is not a member. */
  readonly #bornAt = new Map<TreeId, number>();
  readonly #containers = new Map<TreeId, Pick<FoundContainer, 'pids'>>();
  /** Trees whose members may be no descendants of this warden: the whole machine is searched for their marks. */
  readonly #searched = new Set<TreeId>();
  /** Start times of processes, by pid, that carry the mark of no tree: a mark is inherited at birth. */
  #unmarked = new Map<number, number>();
  readonly #inTurns = new SharedLooks((thorough) => this.#lookInTurns(thorough));
  #newest: Census = { members: new Map(), strays: [] };
  #newestIsThorough = false;
  /** Number of censuses, and of all changes of what is known: whether a walk in turns is out of date. */
  #censuses = 0;
  #changes = 0;
  #known = new Map<number, { readonly identity: ProcessIdentity; readonly tree: TreeId | undefined }>();

  constructor(platform: Platform, self: ProcessIdentity) {
    this.#platform = platform;
    this.#self = self;
  }

  /** To be called in the same turn of the event loop as the spawn, so that no sweep reaps what Node will wait for. */
  addLeader(tree: TreeId, leader: ProcessStat, container: Pick<FoundContainer, 'pids'>): void {
    this.#unmarked = new Map();
    this.#containers.set(tree, container);
    this.#bornAt.set(tree, leader.startTime);
    this.#spawned.add(leader.pid);
    this.#treeOfSession.set(leader.session, tree);
    this.#treeOfMark.set(limitMarkOf(tree), tree);
    this.#known.set(leader.pid, { identity: leader, tree });
    // Right after its spawn, it is all that there is of its tree: of a hundred that start at once, none waits for a look at all others.
    this.#newest = { ...this.#newest, members: new Map(this.#newest.members).set(tree, [leader]) };
    this.#changes++;
  }

  /** A tree whose leader is still to come: what is run for it before is known by its mark. */
  announce(tree: TreeId, container: Pick<FoundContainer, 'pids'>): void {
    this.#unmarked = new Map();
    this.#containers.set(tree, container);
    this.#treeOfMark.set(limitMarkOf(tree), tree);
    this.#changes++;
  }

  /** Members of a tree that another warden had spawned: they are no descendants of this one, so their marks are looked for. */
  addAdopted(members: readonly ProcessStat[], tree: TreeId): void {
    this.#searched.add(tree);
    for (const process of members) this.#known.set(process.pid, { identity: process, tree });
    this.#changes++;
  }

  /** Processes that no warden has spawned, which run already: they are followed by descent, until {@link recognise} says by what else. */
  addExternal(tree: TreeId, leader: ProcessIdentity, members: readonly ProcessStat[]): void {
    this.#bornAt.set(tree, leader.startTime);
    for (const process of members) this.#known.set(process.pid, { identity: process, tree });
    this.#changes++;
  }

  /** From now on, members of an external tree are also known by its mark, and by its container. */
  recognise(tree: TreeId, container: Pick<FoundContainer, 'pids'>): void {
    this.#searched.add(tree);
    this.#unmarked = new Map();
    this.#treeOfMark.set(limitMarkOf(tree), tree);
    this.#containers.set(tree, container);
    this.#changes++;
  }

  /** The opposite of {@link recognise}. */
  recogniseNoMore(tree: TreeId): void {
    this.#searched.delete(tree);
    this.#forgetMark(tree);
    this.#containers.delete(tree);
    this.#changes++;
  }

  /** Its members are no members of anything any more. */
  letGo(tree: TreeId): void {
    this.forgetTree(tree);
    for (const [pid, known] of this.#known) if (known.tree === tree) this.#known.delete(pid);
    this.#changes++;
  }

  /** A member that Node waits for: a command of its probes or its hooks. */
  addSpawned(pid: number): void {
    this.#spawned.add(pid);
  }

  addHelper(pid: number): void {
    this.#helperPids.add(pid);
    this.#spawned.add(pid);
  }

  /** Node has collected this child's exit status; its pid is free for others from now on. */
  forgetSpawned(pid: number): void {
    this.#spawned.delete(pid);
    this.#helperPids.delete(pid);
  }

  /** The tree has ended, and with it the session of its leader: the number may be given to another one. */
  forgetSession(tree: TreeId): void {
    this.#containers.delete(tree);
    for (const [session, owner] of this.#treeOfSession) if (owner === tree) this.#treeOfSession.delete(session);
  }

  /** The mark of the tree is no longer recognised. */
  forgetTree(tree: TreeId): void {
    this.forgetSession(tree);
    this.#searched.delete(tree);
    this.#forgetMark(tree);
    this.#bornAt.delete(tree);
  }

  #forgetMark(tree: TreeId): void {
    const mark = limitMarkOf(tree);
    if (this.#treeOfMark.get(mark) === tree) this.#treeOfMark.delete(mark);
  }

  /** The newest census. */
  get newest(): Census {
    return this.#newest;
  }

  /**
   * Finds the members of every tree. `thorough` also finds children of threads other than the main one and, where orphans do
   * not come back to the warden, searches the whole machine for the marks of the trees.
   */
  census(thorough: boolean): Census {
    for (let pass = 1; ; pass++) {
      const missed = this.#pass(this.#platform.descendants(this.#roots, thorough), thorough);
      if (!missed || pass === maxPasses) return this.#newest;
    }
  }

  /**
   * As {@link census}, but the event loop is free in between. A census that is taken meanwhile and is as thorough is the answer; after any other
   * change the walk begins again, because what it found may be older than what is known by now.
   */
  async censusInTurns(thorough: boolean): Promise<Census> {
    return await this.#inTurns.take(thorough);
  }

  async #lookInTurns(thorough: boolean): Promise<Census> {
    for (let pass = 1; ; pass++) {
      const [censuses, changes] = [this.#censuses, this.#changes];
      const found = await this.#platform.descendantsInTurns(this.#roots, thorough);
      if (this.#censuses !== censuses && (this.#newestIsThorough || !thorough)) return this.#newest;
      const isLast = pass === maxPasses;
      if (this.#changes !== changes) {
        // What changes without end leaves no time for a walk in turns.
        if (isLast) return this.census(thorough);
      } else if (!this.#pass(found, thorough) || isLast) return this.#newest;
    }
  }

  get #roots(): ProcessIdentity[] {
    return [this.#self, ...Array.from(this.#known.values(), ({ identity }) => identity)];
  }

  /** True where a process ended before its tree was known: its children may have been born after this pass. */
  #pass(found: readonly ProcessStat[], thorough: boolean): boolean {
    let missed = false;
    const members = new Map<TreeId, ProcessStat[]>();
    const strays: ProcessStat[] = [];
    const known = new Map<number, { readonly identity: ProcessIdentity; readonly tree: TreeId | undefined }>();
    const contained = this.#contained();
    for (const process of this.#candidates(found, thorough, contained)) {
      if (process.pid === this.#self.pid || this.#helperPids.has(process.pid) || this.#helperPids.has(process.parent)) continue;
      this.#reapIfOurs(process);
      const tree = this.#treeOf(process, known, contained);
      known.set(process.pid, { identity: process, tree });
      if (tree === undefined) {
        if (process.alive && this.#isStillAlive(process)) strays.push(process);
        else if (process.alive) missed = true;
        continue;
      }
      const list = members.get(tree);
      if (list) list.push(process);
      else members.set(tree, [process]);
    }
    this.#known = known;
    this.#newest = { members, strays };
    this.#newestIsThorough = thorough;
    this.#censuses++;
    this.#changes++;
    return missed;
  }

  /** The tree of each process that is in a tree's container, by pid. */
  #contained(): Map<number, TreeId> {
    const contained = new Map<number, TreeId>();
    for (const [tree, container] of this.#containers) for (const pid of container.pids()) contained.set(pid, tree);
    return contained;
  }

  #candidates(walked: readonly ProcessStat[], thorough: boolean, contained: ReadonlyMap<number, TreeId>): ProcessStat[] {
    const found = [...walked];
    const seen = new Set(found.map((process) => process.pid));
    for (const [pid, tree] of contained) {
      // What the walk has missed: without a subreaper, an orphan is no descendant any more.
      const process = seen.has(pid) ? undefined : this.#platform.stat(pid);
      if (process === undefined || this.#isOlder(process, tree)) continue;
      seen.add(pid);
      found.push(process);
    }
    if ((this.#platform.adoptsOrphans && this.#searched.size === 0) || !thorough || this.#treeOfMark.size === 0) return found;
    const others = this.#platform.allProcesses().filter((process) => !seen.has(process.pid));
    const isMarked = (process: ProcessStat): boolean =>
      this.#unmarked.get(process.pid) !== process.startTime && this.#treeByMark(process, 'that counts') !== undefined;
    const marked = others.filter(isMarked);
    const known = new Set(marked.map(({ pid }) => pid));
    this.#unmarked = new Map(others.flatMap(({ pid, startTime }) => (known.has(pid) ? [] : [[pid, startTime]])));
    return [...found, ...marked];
  }

  #treeOf(
    process: ProcessStat,
    seen: ReadonlyMap<number, { readonly tree: TreeId | undefined }>,
    contained: ReadonlyMap<number, TreeId>,
  ): TreeId | undefined {
    const before = this.#known.get(process.pid);
    if (before?.tree !== undefined && sameProcess(before.identity, process)) return before.tree;
    if (process.parent !== this.#self.pid) {
      const inherited = seen.get(process.parent)?.tree;
      if (inherited !== undefined) return inherited;
    }
    const container = contained.get(process.pid);
    if (container !== undefined && !this.#isOlder(process, container)) return container;
    // The mark first: a session's number may have passed to a member of another tree.
    return this.#treeByMark(process) ?? this.#treeOfSession.get(process.session);
  }

  /** `which`: of a descendant, any mark; of another process, one that no other user can have copied. */
  #treeByMark(process: ProcessStat, which: 'any' | 'that counts' = 'any'): TreeId | undefined {
    const marks = this.#platform.marksOf(process.pid) ?? { environment: [], limit: undefined };
    const counts = (tree: TreeId): boolean => which === 'any' || countMarks(this.#platform, process.pid, marks, tree);
    const named = [marks.limit, ...marks.environment.map(limitMarkNamed)];
    return named
      .map((mark) => (mark === undefined ? undefined : this.#treeOfMark.get(mark)))
      .find((tree) => tree !== undefined && !this.#isOlder(process, tree) && counts(tree));
  }

  #isStillAlive(process: ProcessStat): boolean {
    const now = this.#platform.stat(process.pid);
    return now?.alive === true && sameProcess(now, process);
  }

  #isOlder(process: ProcessStat, tree: TreeId): boolean {
    return process.startTime < (this.#bornAt.get(tree) ?? 0);
  }

  #reapIfOurs(process: ProcessStat): void {
    const { pid } = process;
    if (process.alive || process.parent !== this.#self.pid || this.#spawned.has(pid)) return;
    // Node may have collected it since it was read, and may wait for another one that was given the pid.
    const now = this.#platform.stat(pid);
    if (now !== undefined && !now.alive && sameProcess(now, process)) this.#platform.reap(pid);
  }
}
