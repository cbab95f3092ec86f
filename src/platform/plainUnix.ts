import { chmodSync } from 'node:fs';
import type { Containers, FoundContainer } from './container.ts';
import { plainSignal } from './plainSignal.ts';
import type { ListeningPort, Loan, Marks, Platform, ProcessIdentity, ProcessStat, SignalOutcome, Usage } from './platform.ts';
import { usualEndSignals } from './platform.ts';
import { descendantsIn } from './walk.ts';

/** What every Unix has: sessions, parent links and signals; no subreaper, no container, and nothing that could be lent to a process. */
export abstract class PlainUnix implements Platform {
  abstract readonly name: string;
  abstract readonly shortcomings: readonly string[];
  abstract readonly bootId: string;
  readonly killsAtDeath = false;
  readonly tellsPorts = false;
  readonly endSignals = usualEndSignals;
  readonly adoptsOrphans = false;
  readonly spawnOptions = { detached: true, windowsHide: true };

  abstract stat(pid: number): ProcessStat | undefined;
  abstract everyone(): ProcessStat[];
  abstract usage(processes: readonly ProcessStat[]): Promise<Map<number, Usage>>;
  abstract marksOf(pid: number): Marks;
  abstract containersFor(warden: string): Containers;

  adoptOrphans(): void {}

  descendants(roots: Iterable<ProcessIdentity>): ProcessStat[] {
    return descendantsIn(this.everyone(), roots);
  }

  listening(): ReadonlyMap<number, readonly ListeningPort[]> {
    return new Map();
  }

  isOurs(pid: number): boolean {
    return this.stat(pid) !== undefined;
  }

  argvOf(): readonly string[] {
    return [];
  }

  signal(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
    return plainSignal(this.stat(target.pid), target, signal);
  }

  protectSocket(path: string): void {
    chmodSync(path, 0o600);
  }

  /** Nothing is adopted here, so there is nothing to reap. */
  reap(): void {}

  lend<T>(_loan: Loan, spawn: () => T): T {
    return spawn();
  }

  removeHomes(): boolean {
    return true;
  }

  findContainer(): FoundContainer | undefined {
    return undefined;
  }
}
