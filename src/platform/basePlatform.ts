import type { FoundContainer } from './container.ts';
import { noIsolator } from './isolation.ts';
import type { Origins } from './origins.ts';
import type {
  EndingSignal,
  Footprint,
  ListeningPort,
  Marks,
  OpenTerminal,
  ProcessIdentity,
  ProcessStat,
  SpawnAttributes,
} from './platform.ts';
import type { Programs } from './programs.ts';
import { GuardedSignals } from './protectedProcesses.ts';

/** The defaults of a platform without spawn attributes, without anything to reap, no container that is found again, and no list of ports. */
export abstract class BasePlatform extends GuardedSignals {
  abstract descendants(roots: Iterable<ProcessIdentity>, thorough: boolean): ProcessStat[];

  readonly supportsPorts: boolean = false;
  readonly opensTerminals = false;
  readonly isolator = noIsolator;
  readonly programs: Programs | undefined = undefined;
  readonly ignoresVariableCase: boolean = false;
  readonly origins: Origins | undefined = undefined;

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

  get endsOthers(): boolean {
    return false;
  }

  argvOf(): readonly string[] {
    return [];
  }

  executableOf(_pid: number): string | undefined {
    return undefined;
  }

  variableOf(_pid: number, _name: string): string | undefined {
    return undefined;
  }

  handlesSignal(_pid: number, _signal: NodeJS.Signals): boolean | undefined {
    return undefined;
  }

  continueAtParentsEnd(): void {}

  reap(): void {}

  followEnd(): EndingSignal | undefined {
    return undefined;
  }

  withSpawnAttributes<T>(_attributes: SpawnAttributes, spawn: () => T): T {
    return spawn();
  }

  markRunning(_process: ProcessIdentity, _mark: number | undefined, _before?: number): boolean {
    return false;
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
