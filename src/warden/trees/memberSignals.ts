import type { Container } from '../../platform/container.ts';
import type { Platform, ProcessIdentity, ProcessStat, SignalOutcome } from '../../platform/platform.ts';
import { mayKillInside } from '../ending/contained.ts';
import type { Target } from '../ending/termination.ts';
import type { TreeProcess } from './treeProcess.ts';

export interface MemberSignalsParts {
  readonly platform: Platform;
  readonly container: Container;
  readonly process: TreeProcess | undefined;
  /** Living members now, looked up afresh and thoroughly. */
  alive(): ProcessStat[];
}

/** What reaches the members of a tree: each of them by itself, or all that its container holds. */
export class MemberSignals {
  readonly #parts: MemberSignalsParts;

  constructor(parts: MemberSignalsParts) {
    this.#parts = parts;
  }

  /** To all members, or to one of them. Answers `denied` where that is what the system says of any of them. */
  send(signal: NodeJS.Signals, pid?: number): SignalOutcome {
    const { platform, alive } = this.#parts;
    const targets = alive().filter((process) => pid === undefined || process.pid === pid);
    const outcomes = targets.map((process) => (pid === undefined ? this.#signal(process, signal) : platform.signal(process, signal)));
    return outcomes.find((outcome) => outcome === 'denied') ?? outcomes.at(0) ?? 'gone';
  }

  /** For a stop; `onStep` is called with each signal that all members get. */
  target(onStep: (signal: NodeJS.Signals) => void): Target {
    const { platform, container, process, alive } = this.#parts;
    return {
      alive,
      signal: (target, signal) => this.#signal(target, signal),
      killAll: () => container.killAll(mayKillInside(platform, process?.identity)),
      onStep,
    };
  }

  /** A container's first process would take a gentle signal for its own, and with it all inside would be killed at once. */
  #signal(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
    const { platform, container, process } = this.#parts;
    const isLeader = target.pid === process?.identity.pid;
    const isGentle = signal !== 'SIGKILL' && signal !== 'SIGSTOP' && signal !== 'SIGCONT';
    if (isGentle && isLeader && container.hasInitProcess) return 'sent';
    const outcome = platform.signal(target, signal);
    // The last thing that a program without console and window may understand: nothing more will be asked of it.
    if (outcome === 'unheard' && isLeader) process?.link?.endInput();
    return outcome;
  }
}
