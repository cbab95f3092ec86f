import { chmodSync } from 'node:fs';
import { BasePlatform } from './basePlatform.ts';
import type { Containers } from './container.ts';
import { killSignal } from './killSignal.ts';
import type { Platform, ProcessIdentity, ProcessStat, SignalOutcome, Usage } from './platform.ts';
import { usualEndSignals } from './platform.ts';
import { descendantsIn } from './walk.ts';

/** What every Unix has: sessions, parent links and signals; no subreaper. */
export abstract class BaseUnix extends BasePlatform implements Platform {
  abstract readonly name: string;
  abstract readonly shortcomings: readonly string[];
  abstract readonly bootId: string;
  readonly killsAtDeath = false;
  readonly endSignals = usualEndSignals;
  readonly adoptsOrphans = false;
  readonly spawnOptions = { detached: true, windowsHide: true };

  abstract allProcesses(): ProcessStat[];
  abstract usage(processes: readonly ProcessStat[]): Promise<Map<number, Usage>>;
  abstract containersFor(warden: string): Containers;

  adoptOrphans(): void {}

  descendants(roots: Iterable<ProcessIdentity>): ProcessStat[] {
    return descendantsIn(this.allProcesses(), roots);
  }

  protected override deliver(target: ProcessIdentity, signal: NodeJS.Signals): SignalOutcome {
    return killSignal(this.stat(target.pid), target, signal);
  }

  protectSocket(path: string): void {
    chmodSync(path, 0o600);
  }
}
