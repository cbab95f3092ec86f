import type { FoundContainer } from './container.ts';
import type { Footprint, ListeningPort, Loan, Marks, ProcessIdentity, ProcessStat } from './platform.ts';

/** What a platform answers that has nothing to lend to a process, nothing to reap, no container that is found again, and no list of ports. */
export abstract class PlainPlatform {
  readonly tellsPorts: boolean = false;

  abstract stat(pid: number): ProcessStat | undefined;

  listening(_processes: readonly ProcessIdentity[]): ReadonlyMap<number, readonly ListeningPort[]> {
    return new Map();
  }

  footprints(): ReadonlyMap<number, Footprint> {
    return new Map();
  }

  gpuHolders(): Promise<ReadonlySet<number>> {
    return Promise.resolve(new Set());
  }

  isOurs(pid: number): boolean {
    return this.stat(pid) !== undefined;
  }

  argvOf(): readonly string[] {
    return [];
  }

  reap(): void {}

  lend<T>(_loan: Loan, spawn: () => T): T {
    return spawn();
  }

  marksOf(_pid: number): Marks {
    return { environment: [], limit: undefined };
  }

  removeHomes(): boolean {
    return true;
  }

  findContainer(): FoundContainer | undefined {
    return undefined;
  }
}
