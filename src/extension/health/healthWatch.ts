/** Detects problems of trees. Independent of the editor and of the clock. */
import { formatBytes, formatDuration, formatPercent } from '../../protocol/format.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { GrowthWatch } from './growthWatch.ts';

/** The values above which a tree has a problem; 0 disables a threshold. */
export interface Thresholds {
  /** Percent of one core. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly processes: number;
  readonly timeMillis: number;
  /** Number of consecutive samples above a threshold; running time is reported at once. */
  readonly samples: number;
  /** Whether steadily growing memory is reported. */
  readonly growth: boolean;
}

/** The kinds of problems of a tree. Each is reported once for as long as it lasts. */
export type ProblemKind = 'cpu' | 'memory' | 'processes' | 'time' | 'zombies' | 'growth' | 'failures' | 'unkillable' | 'limit';

export interface Alert {
  readonly tree: TreeSnapshot;
  readonly kind: ProblemKind;
  /** A description without a period, such as `CPU usage is 250.0 %, above the threshold of 100.0 %`. */
  readonly what: string;
}

/** The descriptions of problems, translated by the editor. Figures are formatted; descriptions have no period. */
export interface ProblemTexts {
  above(kind: 'cpu' | 'memory' | 'processes' | 'time', value: string, threshold: string): string;
  zombies(count: number): string;
  failures(count: number, time: string): string;
  growth(bytes: string, time: string): string;
}

/** Number of failures of one name, within this time in milliseconds, that are a problem. */
const failures = { count: 3, withinMillis: 600_000 } as const;

/** One problem of one tree. */
interface ProblemState {
  /** Number of consecutive samples with the problem, until it is reported. */
  samples: number;
  /** Number of consecutive samples without the problem since it was reported. */
  clear: number;
  reported: boolean;
  /** The newest description. */
  what: string;
  readonly requiredSamples: number;
}

interface TreeHealth {
  readonly problems: Map<ProblemKind, ProblemState>;
  readonly growth: GrowthWatch;
}

/**
 * A reported problem is over when it was absent for as many samples as were required before the report. On a busy machine, a figure near its
 * threshold goes up and down with every sample, and is reported once.
 */
function isOver(problem: ProblemState): boolean {
  return !problem.reported || ++problem.clear >= problem.requiredSamples;
}

/** It was restarted as often as its policy allows: that has a notification of its own, with what it printed last. */
function isGivenUp({ restarts, restarting, nextStartAt, endedAt }: TreeSnapshot): boolean {
  return endedAt !== undefined && restarts !== undefined && restarting === undefined && nextStartAt === undefined;
}

/** Follows the trees from sample to sample. */
export class HealthWatch {
  readonly #trees = new Map<TreeId, TreeHealth>();
  /** When the trees of a name have failed. */
  readonly #failures = new Map<string, { readonly tree: TreeId; readonly at: number }[]>();
  readonly #present = new Map<TreeId, readonly string[]>();
  readonly #texts: ProblemTexts;

  constructor(texts: ProblemTexts) {
    this.#texts = texts;
  }

  /** Returns the new problems; `at` in milliseconds since 1970. */
  check(at: number, trees: readonly TreeSnapshot[], thresholds: Thresholds): Alert[] {
    const alerts: Alert[] = [];
    this.#present.clear();
    for (const tree of trees) {
      const health = this.#trees.get(tree.id) ?? { problems: new Map(), growth: new GrowthWatch() };
      this.#trees.set(tree.id, health);
      const now = this.#problemsOf(at, tree, thresholds, health);
      for (const [kind, problem] of health.problems)
        if (!now.has(kind) && (tree.endedAt !== undefined || isOver(problem))) health.problems.delete(kind);
      for (const [kind, { what, requiredSamples }] of now) {
        const problem = health.problems.get(kind) ?? { samples: 0, clear: 0, reported: false, what, requiredSamples };
        health.problems.set(kind, problem);
        problem.samples++;
        problem.clear = 0;
        problem.what = what;
        if (problem.reported || problem.samples < requiredSamples) continue;
        problem.reported = true;
        alerts.push({ tree, kind, what });
      }
      this.#present.set(
        tree.id,
        Array.from(health.problems.values()).flatMap(({ reported, what }) => (reported ? [what] : [])),
      );
    }
    const ids = new Set(trees.map(({ id }) => id));
    for (const id of this.#trees.keys()) if (!ids.has(id)) this.#trees.delete(id);
    return alerts;
  }

  /** The descriptions of a tree's current problems. */
  problemsOf(tree: TreeId): readonly string[] {
    return this.#present.get(tree) ?? [];
  }

  #problemsOf(
    at: number,
    tree: TreeSnapshot,
    thresholds: Thresholds,
    { growth }: TreeHealth,
  ): Map<ProblemKind, { what: string; requiredSamples: number }> {
    const { cpuPercent, memoryBytes, members, zombies, startedAt, endedAt, state, reason, warning } = tree;
    const { samples } = thresholds;
    const problems = new Map<ProblemKind, { what: string; requiredSamples: number }>();
    const above = (
      kind: 'cpu' | 'memory' | 'processes' | 'time',
      value: number,
      threshold: number,
      format: (value: number) => string,
      requiredSamples = samples,
    ): void => {
      if (threshold > 0 && value > threshold)
        problems.set(kind, { what: this.#texts.above(kind, format(value), format(threshold)), requiredSamples });
    };
    if (state === 'unkillable') problems.set('unkillable', { what: reason, requiredSamples: 1 });
    if (state === 'failed' && this.#failedOften(at, tree) && !isGivenUp(tree))
      problems.set('failures', { what: this.#texts.failures(failures.count, formatDuration(failures.withinMillis)), requiredSamples: 1 });
    if (endedAt !== undefined) return problems;
    above('cpu', cpuPercent, thresholds.cpuPercent, formatPercent);
    above('memory', memoryBytes, thresholds.memoryBytes, formatBytes);
    above('processes', members.length - zombies, thresholds.processes, String);
    above('time', at - startedAt, thresholds.timeMillis, formatDuration, 1);
    if (zombies > 0)
      problems.set('zombies', {
        what: this.#texts.zombies(zombies),
        requiredSamples: samples,
      });
    if (warning !== undefined) problems.set('limit', { what: warning, requiredSamples: 1 });
    const grown = growth.add(at, memoryBytes);
    if (thresholds.growth && grown !== undefined)
      problems.set('growth', {
        what: this.#texts.growth(formatBytes(grown.bytes), formatDuration(grown.millis)),
        requiredSamples: 1,
      });
    return problems;
  }

  #failedOften(at: number, { id, name }: TreeSnapshot): boolean {
    const known = (this.#failures.get(name) ?? []).filter((failure) => at - failure.at < failures.withinMillis);
    if (!known.some(({ tree }) => tree === id)) known.push({ tree: id, at });
    this.#failures.set(name, known);
    return known.length >= failures.count;
  }
}
