/** Ends a process that was left behind, with all that descends from it. */
import { type Platform, type ProcessIdentity, type ProcessStat, sameProcess } from '../platform/platform.ts';
import { parseStop } from '../protocol/stopSteps.ts';
import { describeSurvivors, terminate } from '../warden/ending/termination.ts';

/** What most programs understand as a request to end. */
const steps = parseStop(['SIGTERM', '5s']);

/**
 * Asks the processes to end, and kills those that do not within five seconds. Resolves when none is left.
 * @throws Error where one of them is left, with the reason.
 */
export async function endTree(platform: Platform, root: ProcessStat, members: readonly ProcessIdentity[]): Promise<void> {
  const family = new Family(platform, root, members);
  const { survivors } = await terminate(
    {
      alive: () => family.alive(),
      signal: (target, signal) => (platform.isOwnedByUser(target.pid) ? platform.signal(target, signal) : 'denied'),
    },
    steps,
    new AbortController().signal,
  );
  if (survivors.length > 0) throw new Error(String(describeSurvivors(survivors)));
}

/** Its members are remembered: when a parent ends, its children are another one's, and are still to end. */
class Family {
  readonly #platform: Platform;
  readonly #root: ProcessStat;
  /** The session that the root leads; 0 where it leads none, or once it has ended: its number may be given to another one then. */
  #session: number;
  readonly #known = new Map<number, ProcessIdentity>();

  constructor(platform: Platform, root: ProcessStat, members: readonly ProcessIdentity[]) {
    this.#platform = platform;
    this.#root = root;
    this.#session = root.session === root.pid ? root.session : 0;
    for (const member of [root, ...members]) this.#known.set(member.pid, member);
  }

  alive(): ProcessStat[] {
    const found = this.#platform.descendants([...this.#known.values(), ...this.#inSession()], true);
    for (const { pid, startTime } of found) this.#known.set(pid, { pid, startTime });
    return found.filter(({ alive, pid }) => alive && !this.#platform.isProtected(pid));
  }

  /** Also what a member has started that ended between two looks. */
  #inSession(): ProcessStat[] {
    if (this.#session === 0) return [];
    const inside = this.#platform.allProcesses().filter(({ session }) => session === this.#session);
    // A session without a process has ended for good. One whose first process is another one is another session, with all that is in it.
    const isOver = inside.length === 0 || inside.some((process) => process.pid === this.#session && !sameProcess(process, this.#root));
    if (!isOver) return inside;
    this.#session = 0;
    return [];
  }
}
