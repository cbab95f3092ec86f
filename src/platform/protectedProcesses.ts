import { pid as self } from 'node:process';
import type { ProcessIdentity, ProcessStat, SignalOutcome } from './platform.ts';

/**
 * Processes that are never signalled, whatever asks for it: no group of processes (0 and below), not the first process, not this one, and none
 * that this one runs under.
 */
export class ProtectedProcesses {
  readonly #stat: (pid: number) => ProcessStat | undefined;
  #ancestors: ReadonlySet<number> | undefined;

  constructor(stat: (pid: number) => ProcessStat | undefined) {
    this.#stat = stat;
  }

  has(pid: number): boolean {
    if (!Number.isSafeInteger(pid) || pid <= 1 || pid === self) return true;
    // Ancestors only ever become fewer, because an orphan's new parent is one of them. So only a hit has to be checked again.
    this.#ancestors ??= this.#walk();
    if (!this.#ancestors.has(pid)) return false;
    this.#ancestors = this.#walk();
    return this.#ancestors.has(pid);
  }

  #walk(): ReadonlySet<number> {
    const found = new Set<number>();
    let child = this.#stat(self);
    while (child && child.parent > 0 && !found.has(child.parent)) {
      const parent = this.#stat(child.parent);
      // Where parents are numbers of processes that may have ended (Windows), a younger one is no parent.
      if (parent === undefined || parent.startTime > child.startTime) break;
      found.add(parent.pid);
      child = parent;
    }
    return found;
  }
}

/** The only way to a signal, on every platform. */
export abstract class GuardedSignals {
  readonly #protected = new ProtectedProcesses((pid) => this.stat(pid));

  abstract stat(pid: number): ProcessStat | undefined;

  /** Sends a signal to this very process, which is none of the protected ones. */
  protected abstract deliver(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome;

  isProtected(pid: number): boolean {
    return this.#protected.has(pid);
  }

  signal(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
    return this.isProtected(target.pid) ? 'protected' : this.deliver(target, signal);
  }
}
