import type { Container } from '../../platform/container.ts';
import type { Platform, ProcessIdentity, ProcessStat, SignalOutcome } from '../../platform/platform.ts';
import { mayKillInside } from '../ending/contained.ts';
import type { Target } from '../ending/termination.ts';
import type { TreeProcess } from './treeProcess.ts';

export interface MemberSignalsParts {
  readonly platform: Platform;
  readonly container: Container;
  readonly process: Pick<TreeProcess, 'identity' | 'link'> | undefined;
  /** Its leader stands for a tree on a node: it passes on what it is asked, over its other members, which a signal would end before. */
  readonly isRemote?: boolean;
  /** Living members now, looked up afresh and thoroughly. */
  alive(): ProcessStat[];
  /** See {@link Target.aliveSoon}. */
  aliveSoon?(): Promise<readonly ProcessStat[]>;
}

/** What reaches the members of a tree: each of them by itself, or all that its container holds. */
export class MemberSignals {
  readonly #parts: MemberSignalsParts;

  constructor(parts: MemberSignalsParts) {
    this.#parts = parts;
  }

  /** To all members, or to one of them. Answers `denied` where that is what the system says of any of them. */
  send(signal: NodeJS.Signals, pid?: number, startTime?: number): SignalOutcome {
    const { platform, alive } = this.#parts;
    const isMeant = (process: ProcessIdentity): boolean => startTime === undefined || process.startTime === startTime;
    const targets = alive().filter((process) => pid === undefined || (process.pid === pid && isMeant(process)));
    const outcomes = targets.map((process) => (pid === undefined ? this.#signal(process, signal) : platform.signal(process, signal)));
    return outcomes.find((outcome) => outcome === 'denied') ?? outcomes.at(0) ?? 'gone';
  }

  /** For a stop; `onStep` is called with each signal that all members get, `run` runs its commands. */
  target(onStep?: Target['onStep'], run?: Target['run']): Target {
    const { platform, container, process, alive, aliveSoon } = this.#parts;
    return {
      alive,
      ...(aliveSoon && { aliveSoon }),
      signal: (target, signal) => this.#signal(target, signal),
      killAll: () => container.killAll(mayKillInside(platform, process?.identity)),
      ...(onStep && { onStep }),
      ...(run && { run }),
    };
  }

  /** A container's first process would take a gentle signal for its own, and with it all inside would be killed at once. */
  #signal(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
    const { platform, container, process, isRemote } = this.#parts;
    const isLeader = target.pid === process?.identity.pid;
    const isGentle = signal !== 'SIGKILL' && signal !== 'SIGSTOP' && signal !== 'SIGCONT';
    if (isGentle && isLeader && container.hasInitProcess) return 'sent';
    if (isGentle && !isLeader && isRemote && this.#leaderIsAlive()) return 'sent';
    const outcome = platform.signal(target, signal);
    // The last thing that a program without console and window may understand: nothing more will be asked of it.
    if (outcome === 'unheard' && isLeader) process?.link?.endInput();
    return outcome;
  }

  #leaderIsAlive(): boolean {
    const { platform, process } = this.#parts;
    const now = process && platform.stat(process.identity.pid);
    return now?.alive === true && now.startTime === process?.identity.startTime;
  }
}
