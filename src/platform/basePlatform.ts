import type { FoundContainer } from './container.ts';

import type { Footprint, ListeningPort, Marks, OpenTerminal, ProcessIdentity, ProcessStat, SpawnAttributes } from './platform.ts';
import { GuardedSignals } from './protectedProcesses.ts';

/** The defaults of a platform without spawn attributes, without anything to reap, no container that is found again, and no list of ports. */
export abstract class BasePlatform extends GuardedSignals {
  abstract descendants(roots: Iterable<ProcessIdentity>, thorough: boolean): ProcessStat[];

  readonly supportsPorts: boolean = false;
  readonly opensTerminals = false;
  readonly ignoresVariableCase: boolean = false;

  descendantsInTurns(roots: Iterable<ProcessIdentity>, thorough: boolean): Promise<ProcessStat[]> {
    return Promise.resolve(this.descendants(roots, thorough));
  }

  listening(_processes: readonly ProcessIdentity[]): Promise<ReadonlyMap<number, readonly ListeningPort[]>> {
    return Promise.resolve(new Map());
  }

  footprints(): Promise<ReadonlyMap<number, Footprint>> {
    return Promise.resolve(new Map());
  }

  gpuHolders(): Promise<ReadonlySet<number>> {
    return Promise.resolve(new Set());
  }

  isOwnedByUser(pid: number): boolean {
    return this.stat(pid) !== undefined;
  }

  argvOf(): readonly string[] {
    return [];
  }

  continueAtParentsEnd(): void {}

  reap(): void {}

  withSpawnAttributes<T>(_attributes: SpawnAttributes, spawn: () => T): T {
    return spawn();
  }

  openTerminal(): OpenTerminal | undefined {
    return undefined;
  }

  marksOf(_pid: number): Marks {
    return { environment: [], limit: undefined };
  }

  removeCgroupRoots(): boolean {
    return true;
  }

  findContainer(): FoundContainer | undefined {
    return undefined;
  }
}
