/** What is unusual for a process, against its own earlier runs. Pure functions. */
import type { Run } from '../../protocol/runs.ts';
import type { TreeSnapshot } from '../../protocol/snapshot.ts';
import { median, spreadOf } from './memoryTrend.ts';

export const comparedFigures = ['memory', 'cpu', 'time'] as const;
/** `memory`: the highest of the run, in bytes. `cpu`: CPU time of all of its processes, in milliseconds. `time`: how long it runs, in milliseconds. */
export type ComparedFigure = (typeof comparedFigures)[number];

/** What a run that goes on has used so far. None of it ever becomes less, so neither does what is said of it. */
export type RunSoFar = Readonly<Partial<Record<ComparedFigure, number>>> & { readonly time: number };

export interface Unusual {
  readonly figure: ComparedFigure;
  readonly value: number;
  /** The median of the compared runs. */
  readonly usual: number;
  /** Number of compared runs. */
  readonly runs: number;
}

/** Maximum number of runs that are compared, and the minimum: with fewer, it is not known what is usual. */
const compared = { most: 30, least: 8 } as const;
/** From this number of runs on, the highest of them is taken for an outlier. */
const outlierFrom = 10;
/** How far above the usual the logarithm of a figure has to be, in standard deviations: runs differ by factors, and a few are much longer than most. */
const minDeviations = 3.5;
/** How far above what other runs had a figure has to be. */
const aboveHighest = 1.25;
/** How far above the median a figure has to be, as a multiple of it and in its own unit. */
const floors: Readonly<Record<ComparedFigure, { readonly factor: number; readonly more: number }>> = {
  memory: { factor: 2, more: 100 * 2 ** 20 },
  cpu: { factor: 2.5, more: 60_000 },
  time: { factor: 2.5, more: 120_000 },
};

/** `at` in milliseconds since 1970. */
export function soFar(at: number, { startedAt, peakMemoryBytes, cpuMillis }: TreeSnapshot): RunSoFar {
  return {
    time: at - startedAt,
    ...(peakMemoryBytes !== undefined && { memory: peakMemoryBytes }),
    ...(cpuMillis !== undefined && { cpu: cpuMillis }),
  };
}

/** Whether a run has used so much that earlier ones need to be read. */
export function isComparable(now: RunSoFar): boolean {
  return comparedFigures.some((figure) => (now[figure] ?? 0) > floors[figure].more);
}

/** The figures of a run that are unusual; `runs`: the process's own, the newest first, this one left aside by the caller. */
export function unusualFigures(runs: readonly Run[], now: RunSoFar): Unusual[] {
  return comparedFigures.flatMap((figure) => {
    const value = now[figure];
    if (value === undefined || value <= floors[figure].more) return [];
    const values = valuesOf(figure, runs, now.time).slice(0, compared.most);
    if (values.length < compared.least || value <= boundOf(figure, values)) return [];
    return [{ figure, value, usual: median(values), runs: values.length }];
  });
}

/** What no usual run is above. */
function boundOf(figure: ComparedFigure, values: readonly number[]): number {
  const { factor, more } = floors[figure];
  const middle = median(values);
  const [highest = 0, second = 0] = values.toSorted((a, b) => b - a);
  return Math.max(
    middle * Math.exp(minDeviations * spreadOf(values.map((value) => Math.log(Math.max(1, value))))),
    middle * factor,
    middle + more,
    aboveHighest * (values.length >= outlierFrom ? second : highest),
  );
}

/**
 * Of the runs that can be compared. One that has failed may have done nothing. How long a run takes, and its CPU time, are its own only where it has ended by
 * itself; memory grows with time in many processes, so it is compared with runs that were not much shorter.
 */
function valuesOf(figure: ComparedFigure, runs: readonly Run[], time: number): number[] {
  return runs.flatMap(({ startedAt, endedAt, state, stopped, peakMemoryBytes, cpuMillis }) => {
    if (endedAt === undefined || state === 'failed') return [];
    const took = endedAt - startedAt;
    if (figure === 'memory') return peakMemoryBytes !== undefined && took * 4 >= time ? [peakMemoryBytes] : [];
    if (stopped || state !== 'succeeded') return [];
    return figure === 'time' ? [took] : (cpuMillis ?? []);
  });
}
