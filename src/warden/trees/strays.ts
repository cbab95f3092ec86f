import { randomUUID } from 'node:crypto';
import type { ProcessStat } from '../../platform/platform.ts';
import type { Lifetime, TreeId } from '../../protocol/identity.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { localizable } from '../../protocol/texts.ts';
import { type Figures, Meter, noFigures, type Readings } from './meter.ts';

const unknownTree = localizable('straysAreUnknown');

/**
 * Processes below the warden that nothing ties to a tree: they have shed every mark before they were seen for the first time.
 * They are shown as if they were a tree, on record as one, and end with the warden.
 */
export class Strays {
  readonly id = randomUUID() as TreeId;
  readonly name = 'strays';
  readonly #lifetime: Lifetime;
  readonly #meter = new Meter();
  #figures: Figures = noFigures;
  #since = 0;

  constructor(lifetime: Lifetime) {
    this.#lifetime = lifetime;
  }

  /** Milliseconds since 1970. */
  get startedAt(): number {
    return this.#since;
  }

  /** Takes a sample. */
  measure(processes: readonly ProcessStat[], readings: Readings): void {
    this.#figures = this.#meter.measure(undefined, processes, readings);
  }

  /** False where there are no strays; true where that has just changed. */
  observe(alive: readonly ProcessStat[]): boolean {
    const before = this.#since > 0;
    this.#since = alive.length === 0 ? 0 : this.#since || Date.now();
    return before !== this.#since > 0;
  }

  snapshot(): TreeSnapshot | undefined {
    if (this.#since === 0) return undefined;
    return {
      id: this.id,
      name: this.name,
      state: 'ready',
      health: 'unknown',
      reason: String(unknownTree),
      reasonData: unknownTree,
      startedAt: this.#since,
      commandLine: '',
      cwd: '',
      stdio: 'inherit',
      lifetime: this.#lifetime,
      containment: 'group',
      ...this.#figures,
    };
  }
}
