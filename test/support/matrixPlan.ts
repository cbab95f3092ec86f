/** Which cells of the cube adversary × death × containment a run tries. */
import { seedOf } from '../../src/build/testSelection.ts';
import { randomFrom } from './random.ts';
import type { TestScope } from './testScope.ts';

export interface MatrixPlan {
  includes(containment: string, adversary: string, death: string): boolean;
}

export interface Cube {
  readonly containments: readonly string[];
  /** The containment that a process gets which asks for none. */
  readonly defaultContainment: string;
  readonly adversaries: readonly string[];
  readonly deaths: readonly string[];
}

/** Another one each day, so that every cell has its turn; `TREE_WARDEN_MATRIX_SEED` repeats a day's. */
export function seedOfToday(): number {
  return seedOf(process.env['TREE_WARDEN_MATRIX_SEED'], new Date());
}

/**
 * In the default containment, a daily run tries every pair of an adversary and a death; in each other one, and in a sample in each, so many
 * cells that every adversary and every death is among them. Each pair of two of the three is so tried in a daily run.
 */
export function planMatrix(scope: TestScope, seed: number, { containments, defaultContainment, adversaries, deaths }: Cube): MatrixPlan {
  const random = randomFrom(seed);
  const cells = new Set<string>();
  for (const containment of containments) {
    const [some, ends] = [shuffled(adversaries, random), shuffled(deaths, random)];
    for (let turn = 0; turn < Math.max(some.length, ends.length); turn++)
      cells.add(keyOf(containment, some[turn % some.length] ?? '', ends[turn % ends.length] ?? ''));
  }
  return {
    includes: (containment, adversary, death) =>
      scope === 'full' || (scope === 'daily' && containment === defaultContainment) || cells.has(keyOf(containment, adversary, death)),
  };
}

function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

/** Fisher and Yates. */
function shuffled(all: readonly string[], random: () => number): string[] {
  const items = [...all];
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other] ?? '', items[last] ?? ''];
  }
  return items;
}
