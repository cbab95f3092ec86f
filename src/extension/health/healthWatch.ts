/** Detects problems of trees. Independent of the editor and of the clock. */
import { type MemoryBound, memoryBound, roughMillis } from '../../client/foresight/limitForecast.ts';
import { isJump } from '../../client/foresight/memoryTrace.ts';
import { MemoryWatch } from '../../client/foresight/memoryWatch.ts';
import { type ComparedFigure, isComparable, soFar, unusualFigures } from '../../client/foresight/usualRuns.ts';
import { formatBytes, formatDuration, formatPercent } from '../../protocol/format.ts';
import type { TreeId } from '../../protocol/identity.ts';
import type { Run } from '../../protocol/runs.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';

/** The values above which a tree has a problem; 0 disables a threshold. */
export interface Thresholds {
  /** Percent of one core. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
  readonly processes: number;
  readonly timeMillis: number;
  /** Number of consecutive samples above a threshold; running time is reported at once. */
  readonly samples: number;
  /** Whether steadily growing memory is reported, and where it leads. */
  readonly growth: boolean;
  /** Whether it is reported that a run uses much more than the earlier ones of the same process. */
  readonly unusual: boolean;
}

/** The kinds of problems of a tree. Each is reported once for as long as it lasts, and forecasts and comparisons once a run. */
export type ProblemKind =
  | 'cpu'
  | 'memory'
  | 'processes'
  | 'time'
  | 'zombies'
  | 'growth'
  | 'forecast'
  | 'unusual'
  | 'failures'
  | 'unkillable'
  | 'limit';

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
  /** @param rest The time until then. */
  forecast(kind: MemoryBound['kind'], bytes: string, time: string, bound: string, rest: string): string;
  unusual(figure: ComparedFigure, value: string, usual: string, runs: number): string;
}

/** What is asked for when it is needed. */
export interface HealthSources {
  /** Memory that the machine has left, in bytes; undefined where that is not known. */
  availableBytes(): number | undefined;
  /** The earlier runs of the process, the newest first. */
  runsBefore(tree: TreeSnapshot): readonly Run[];
}

const noSources: HealthSources = { availableBytes: () => undefined, runsBefore: () => [] };

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
  readonly memory: MemoryWatch;
  /** What was reported, and is not again in this run. */
  readonly told: Set<ProblemKind>;
  /** By how much the clock has jumped, or the machine has slept, while it was followed; in milliseconds. */
  jumpedMillis: number;
}

const oncePerRun: ReadonlySet<ProblemKind> = new Set(['growth', 'forecast', 'unusual']);

/**
 * A reported problem is over when it was absent for as many samples as were required before the report. On a busy machine, a figure near its
 * threshold goes up and down with every sample, and is reported once.
 */
function isOver(problem: ProblemState): boolean {
  return !problem.reported || ++problem.clear >= problem.requiredSamples;
}

/**
 * Number of failures of a tree that are a problem, and the time in milliseconds. One that is restarted is left to its policy, whose last word has a
 * notification of its own: only where it goes on failing beyond that, so slowly that the policy never gives up, this is told.
 */
function tooManyFailures(maxRestarts: number): { readonly count: number; readonly withinMillis: number } {
  const count = maxRestarts === 0 ? failures.count : Math.max(failures.count, maxRestarts + 2);
  return { count, withinMillis: (failures.withinMillis * count) / failures.count };
}

/** Follows the trees from sample to sample. */
export class HealthWatch {
  readonly #trees = new Map<TreeId, TreeHealth>();
  /** When the trees of a name have failed. */
  readonly #failures = new Map<string, { readonly tree: TreeId; readonly at: number }[]>();
  readonly #present = new Map<TreeId, readonly string[]>();
  readonly #texts: ProblemTexts;
  readonly #maxRestarts: (name: string) => number;
  readonly #sources: HealthSources;
  /** Of the last sample, in milliseconds since 1970. */
  #checkedAt: number | undefined;

  /** @param maxRestarts How often the declaration of this name has it restarted; 0: not at all. */
  constructor(texts: ProblemTexts, maxRestarts: (name: string) => number = () => 0, sources: HealthSources = noSources) {
    this.#texts = texts;
    this.#sources = sources;
    this.#maxRestarts = maxRestarts;
  }

  /** Returns the new problems; `at` in milliseconds since 1970. */
  check(at: number, trees: readonly TreeSnapshot[], thresholds: Thresholds): Alert[] {
    const alerts: Alert[] = [];
    this.#present.clear();
    const before = this.#checkedAt ?? at;
    if (isJump(before, at)) for (const health of this.#trees.values()) health.jumpedMillis += at - before;
    this.#checkedAt = at;
    for (const tree of trees) {
      const health = this.#trees.get(tree.id) ?? { problems: new Map(), memory: new MemoryWatch(), told: new Set(), jumpedMillis: 0 };
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
        if (oncePerRun.has(kind) && health.told.has(kind)) continue;
        health.told.add(kind);
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
    { memory, jumpedMillis }: TreeHealth,
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
    if (state === 'failed') {
      const tooMany = tooManyFailures(this.#maxRestarts(tree.name));
      if (this.#failedOften(at, tree, tooMany) && !tree.gaveUp)
        problems.set('failures', { what: this.#texts.failures(tooMany.count, formatDuration(tooMany.withinMillis)), requiredSamples: 1 });
    }
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
    const { growth, forecast } = memory.add(at, memoryBytes, () => memoryBound(tree, this.#sources.availableBytes));
    if (thresholds.growth && (forecast ?? growth)) {
      // The one that says where it leads says the other as well.
      const { bytes, millis } = (forecast?.trend ?? growth) as { bytes: number; millis: number };
      const grown = [formatBytes(bytes), formatDuration(roughMillis(millis))] as const;
      const what = forecast
        ? this.#texts.forecast(
            forecast.bound.kind,
            ...grown,
            formatBytes(forecast.bound.bytes),
            formatDuration(roughMillis(forecast.inMillis)),
          )
        : this.#texts.growth(...grown);
      problems.set(forecast ? 'forecast' : 'growth', { what, requiredSamples: 1 });
    }
    const unusual = thresholds.unusual ? this.#unusualOf(at - jumpedMillis, tree) : [];
    if (unusual.length > 0) problems.set('unusual', { what: unusual.join('; '), requiredSamples: samples });
    return problems;
  }

  #unusualOf(at: number, tree: TreeSnapshot): string[] {
    const now = soFar(at, tree);
    if (!isComparable(now)) return [];
    return unusualFigures(this.#sources.runsBefore(tree), now).map(({ figure, value, usual, runs }) => {
      const format = figure === 'memory' ? formatBytes : formatDuration;
      return this.#texts.unusual(figure, format(value), format(usual), runs);
    });
  }

  #failedOften(at: number, { id, name }: TreeSnapshot, { count, withinMillis }: ReturnType<typeof tooManyFailures>): boolean {
    const known = (this.#failures.get(name) ?? []).filter((failure) => at - failure.at < withinMillis);
    if (!known.some(({ tree }) => tree === id)) known.push({ tree: id, at });
    this.#failures.set(name, known);
    return known.length >= count;
  }
}
