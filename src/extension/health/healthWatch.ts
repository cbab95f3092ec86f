/** When a tree needs somebody's attention: no editor, no clock. */
import { formatBytes, formatDuration, formatPercent } from '../../protocol/format.ts';
import type { TreeId, TreeSnapshot } from '../../protocol/messages.ts';
import { GrowthWatch } from './growthWatch.ts';

/** Above which a tree is not well; 0 where it does not matter. */
export interface Thresholds {
  /** Percent of one core. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly processes: number;
  readonly timeMillis: number;
  /** For so many samples in a row; an age counts at once. */
  readonly samples: number;
  /** Whether memory that only ever grows is told of. */
  readonly growth: boolean;
}

/** Names of a tree's ills, each told once for as long as it lasts. */
export type Ill = 'cpu' | 'memory' | 'processes' | 'time' | 'zombies' | 'growth' | 'failures' | 'unkillable' | 'limit';

export interface Alert {
  readonly tree: TreeSnapshot;
  readonly ill: Ill;
  /** A clause about the tree, such as `uses 250.0 % of a core`. */
  readonly what: string;
}

/** So many failures of one name within this many milliseconds are no accident. */
const failures = { count: 3, withinMillis: 600_000 } as const;

interface Course {
  /** Samples in a row in which it was so. */
  readonly ills: Map<Ill, number>;
  readonly growth: GrowthWatch;
}

/** Follows the trees from sample to sample. */
export class HealthWatch {
  readonly #courses = new Map<TreeId, Course>();
  /** When the trees of a name have failed. */
  readonly #failures = new Map<string, { readonly tree: TreeId; readonly at: number }[]>();
  readonly #present = new Map<TreeId, readonly string[]>();

  /** Answers with what is new; `at` in milliseconds since 1970. */
  check(at: number, trees: readonly TreeSnapshot[], thresholds: Thresholds): Alert[] {
    const alerts: Alert[] = [];
    this.#present.clear();
    for (const tree of trees) {
      const course = this.#courses.get(tree.id) ?? { ills: new Map(), growth: new GrowthWatch() };
      this.#courses.set(tree.id, course);
      const now = this.#illsOf(at, tree, thresholds, course);
      for (const ill of course.ills.keys()) if (!now.has(ill)) course.ills.delete(ill);
      const lasting: string[] = [];
      for (const [ill, { what, patience }] of now) {
        const samples = (course.ills.get(ill) ?? 0) + 1;
        course.ills.set(ill, samples);
        if (samples >= patience) lasting.push(what);
        if (samples === patience) alerts.push({ tree, ill, what });
      }
      this.#present.set(tree.id, lasting);
    }
    const ids = new Set(trees.map(({ id }) => id));
    for (const id of this.#courses.keys()) if (!ids.has(id)) this.#courses.delete(id);
    return alerts;
  }

  /** What is wrong with a tree now, as clauses. */
  illsOf(tree: TreeId): readonly string[] {
    return this.#present.get(tree) ?? [];
  }

  #illsOf(at: number, tree: TreeSnapshot, thresholds: Thresholds, { growth }: Course): Map<Ill, { what: string; patience: number }> {
    const { cpuPercent, memoryBytes, members, zombies, startedAt, endedAt, state, reason, warning } = tree;
    const { samples } = thresholds;
    const ills = new Map<Ill, { what: string; patience: number }>();
    const above = (ill: Ill, value: number, threshold: number, format: (value: number) => string, patience = samples): void => {
      if (threshold > 0 && value > threshold) ills.set(ill, { what: `${format(value)}, more than ${format(threshold)}`, patience });
    };
    if (state === 'unkillable') ills.set('unkillable', { what: reason, patience: 1 });
    if (state === 'failed' && this.#failedOften(at, tree))
      ills.set('failures', { what: `it has failed ${failures.count} times in ${formatDuration(failures.withinMillis)}`, patience: 1 });
    if (endedAt !== undefined) return ills;
    above('cpu', cpuPercent, thresholds.cpuPercent, (percent) => `${formatPercent(percent)} of a core`);
    above('memory', memoryBytes, thresholds.memoryBytes, formatBytes);
    above('processes', members.length - zombies, thresholds.processes, (count) => `${count} processes`);
    above('time', at - startedAt, thresholds.timeMillis, formatDuration, 1);
    if (zombies > 0)
      ills.set('zombies', {
        what: zombies === 1 ? '1 zombie that nobody collects' : `${zombies} zombies that nobody collects`,
        patience: samples,
      });
    if (warning !== undefined) ills.set('limit', { what: warning, patience: 1 });
    const grown = growth.add(at, memoryBytes);
    if (thresholds.growth && grown !== undefined)
      ills.set('growth', {
        what: `memory has grown without a pause by ${formatBytes(grown.bytes)} in ${formatDuration(grown.millis)}`,
        patience: 1,
      });
    return ills;
  }

  #failedOften(at: number, { id, name }: TreeSnapshot): boolean {
    const known = (this.#failures.get(name) ?? []).filter((failure) => at - failure.at < failures.withinMillis);
    if (!known.some(({ tree }) => tree === id)) known.push({ tree: id, at });
    this.#failures.set(name, known);
    return known.length >= failures.count;
  }
}
