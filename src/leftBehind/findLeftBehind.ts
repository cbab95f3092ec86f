/** Decides which processes are left behind. Pure; where there is doubt, a process is not found. */
import type { LeftBehindReason } from '../protocol/leftBehind.ts';
import { fateOfWindow, isOfAgent } from './editorMarks.ts';
import { identityKey, type ProcessRow, type Surroundings } from './processRow.ts';
import { holdsSession, isAgent, isUserManager, servesAnother } from './programs.ts';

export interface Found<R extends ProcessRow = ProcessRow> {
  readonly root: R;
  /** It, and all that descends from it; parents before their children. */
  readonly members: readonly R[];
  readonly reason: LeftBehindReason;
}

/** Pid of the first process, to which orphans return. */
const init = 1;

/**
 * The topmost processes that run in one of the folders, or hold a port that is wanted, and whose chain of parents leads to the first process or to
 * the user's service manager without any process that may keep them on purpose.
 */
export function findLeftBehind<R extends ProcessRow>(table: readonly R[], around: Surroundings): Found<R>[] {
  return new Search(table, around).find();
}

/** The processes that have no session to belong to, wherever they run: those whose ports are worth asking for. */
export function unattended<R extends ProcessRow>(table: readonly R[], around: Surroundings): R[] {
  return new Search(table, around).unattended();
}

class Search<R extends ProcessRow> {
  readonly #around: Surroundings;
  readonly #byPid: ReadonlyMap<number, R>;
  readonly #children = new Map<number, R[]>();
  readonly #own: ReadonlySet<number>;
  #livingAgents: readonly R[] | undefined;

  constructor(table: readonly R[], around: Surroundings) {
    this.#around = around;
    this.#byPid = new Map(table.map((row) => [row.pid, row]));
    for (const row of table) {
      const siblings = this.#children.get(row.parent);
      if (siblings) siblings.push(row);
      else this.#children.set(row.parent, [row]);
    }
    this.#own = this.#chainOf(around.self);
  }

  find(): Found<R>[] {
    return this.#orphans().flatMap((row) => {
      const reason = this.#isMeant(row) && !servesAnother(row) ? this.#reasonFor(row) : undefined;
      if (reason === undefined) return [];
      const members = this.#descendants(row);
      if (!members.every((member) => member === row || this.#reasonFor(member) !== undefined)) return [];
      return reason === 'parentGone' && this.#hasLivingSession(row, members) ? [] : { root: row, members, reason };
    });
  }

  unattended(): R[] {
    return this.#orphans()
      .filter((row) => this.#reasonFor(row) !== undefined)
      .flatMap((row) => this.#descendants(row));
  }

  /** The living children of the first process and of the user's service manager, of this user and without a terminal. */
  #orphans(): R[] {
    const first = this.#byPid.get(init);
    // Where the editor or a shell is the first process, as it may be in a container, its own children cannot be told from orphans.
    if (first === undefined || first.hasTerminal || holdsSession(first)) return [];
    const children = this.#childrenOf(init);
    return [...children, ...children.filter(isManager).flatMap(({ pid }) => this.#childrenOf(pid))].filter(
      (row) => row.alive && !row.hasTerminal && !this.#own.has(row.pid),
    );
  }

  /** Why the process counts as left behind once its parent is gone; undefined where anything speaks against it. Cheap questions first. */
  #reasonFor(row: R): LeftBehindReason | undefined {
    if (!row.alive) return 'parentGone';
    if (row.hasTerminal || this.#own.has(row.pid) || !row.isOwned) return undefined;
    if (isUserManager(row) || holdsSession(row) || this.#isService(row) || this.#isOfTree(row)) return undefined;
    if (isOfAgent(row) && this.#agents.some(({ startTime }) => startTime <= row.startTime)) return undefined;
    const fate = fateOfWindow(row, this.#around.sockets, (pid) => this.#byPid.get(pid));
    return fate === 'open' ? undefined : (fate ?? 'parentGone');
  }

  /** Agents that are at work: what one has put into the background is its own, though nothing leads from it to the agent. */
  get #agents(): readonly R[] {
    this.#livingAgents ??= [...this.#byPid.values()].filter((row) => row.alive && row.isOwned && isAgent(row));
    return this.#livingAgents;
  }

  /** The first process of its session is alive, and none of its own: what that one has started in the background may be meant to run. */
  #hasLivingSession({ session }: R, members: readonly R[]): boolean {
    return this.#byPid.get(session)?.alive === true && !members.some(({ pid }) => pid === session);
  }

  /** A limit alone says less: a terminal that is only looked at has one, too, and keeps it when its window and the warden have ended. */
  #isOfTree(row: R): boolean {
    const { recorded, recordedMarks } = this.#around;
    return row.isMarked || recorded.has(identityKey(row)) || (row.limitMark !== undefined && recordedMarks.has(row.limitMark));
  }

  /** In a unit that systemd runs as a service, other than the one that the process that looks is in. */
  #isService({ cgroup }: ProcessRow): boolean {
    if (cgroup === undefined) return true;
    const service = serviceOf(cgroup);
    return service !== undefined && service !== serviceOf(this.#around.cgroup);
  }

  #isMeant(row: ProcessRow): boolean {
    const { cwd, argv, ports } = row;
    const { folders, wantedPorts } = this.#around;
    // Another user's; its command line is not worth reading.
    if (cwd === undefined) return false;
    if (folders.some((folder) => isWithin(cwd, folder))) return true;
    if (argv.some((word) => folders.some((folder) => mentions(word, folder)))) return true;
    if (ports.some(({ protocol, port }) => protocol === 'tcp' && wantedPorts.has(port))) return true;
    // Called by a relative path, from a folder that it has left.
    const { executable } = row;
    return executable !== undefined && folders.some((folder) => isWithin(executable, folder));
  }

  #childrenOf(pid: number): readonly R[] {
    return this.#children.get(pid) ?? [];
  }

  #descendants(row: R): R[] {
    const found = new Set([row]);
    for (const one of found) for (const child of this.#childrenOf(one.pid)) found.add(child);
    return [...found];
  }

  #chainOf(pid: number): ReadonlySet<number> {
    const chain = new Set<number>();
    for (let row = this.#byPid.get(pid); row && !chain.has(row.pid); row = this.#byPid.get(row.parent)) chain.add(row.pid);
    return chain;
  }
}

/** The name comes with the process table; the command line would have to be read. */
function isManager(row: ProcessRow): boolean {
  return row.name === 'systemd' && row.isOwned && isUserManager(row);
}

/** The innermost service of a path of control groups, but for the user's own manager, which all that the user starts is below. */
function serviceOf(cgroup: string): string | undefined {
  return cgroup
    .split('/')
    .filter((part) => part.endsWith('.service') && !/^user@\d+\.service$/.test(part))
    .at(-1);
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** Whether a word of a command line names the folder, or something in it. */
function mentions(word: string, folder: string): boolean {
  for (let at = word.indexOf(folder); at >= 0; at = word.indexOf(folder, at + 1)) {
    const before = word.slice(0, at);
    const after = word[at + folder.length];
    if (/(?:^|[\s=:'"(,;@]|\/\/)$/.test(before.slice(-2)) && (after === undefined || /[/\s'":;,)&|]/.test(after))) return true;
  }
  return false;
}
