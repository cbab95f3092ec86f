import { dateAndTime, formatBytes, formatDuration } from '../protocol/format.ts';
import { instanceOf, normalName } from '../protocol/names.ts';
import { maxRuns, type Run, resultOfRun, timeOfRun } from '../protocol/runs.ts';
import { labelOf } from '../protocol/trees.ts';
import { readRuns } from '../records/runFiles.ts';
import { countOf } from './counts.ts';
import { findProcessesFile, notDeclared, readProcessesFile } from './declared.ts';
import { exitCodes } from './exitCodes.ts';
import { complain, say, sayAll, sayJson } from './say.ts';
import { table } from './table.ts';
import { recordedTrees } from './wardens.ts';

export interface RunsOptions {
  readonly number: string;
  readonly json?: boolean;
}

/** Lists the last runs of a declared process, by whichever window or command line it was run. It reads files only: no warden need be there. */
export function runs(written: string, { number, json }: RunsOptions): number {
  const count = countOf('--number', number, 1, maxRuns);
  const { path, folder } = findProcessesFile();
  const name = normalName(written);
  const { spec, instance } = instanceOf(name);
  // Before and behind the runs: one may begin or end while they are read, and is not lost.
  const before = recordedTrees();
  const { runs: all, problems } = readRuns({ origin: path, name: spec });
  for (const problem of problems) complain(problem);
  const found = (spec === name ? all : all.filter((run) => instanceOf(run.name).instance === instance)).slice(0, count);
  if (all.length === 0) assertDeclared(spec, path, folder);
  const living = new Set([...before, ...recordedTrees()].map(({ tree }): string => tree));
  if (json)
    sayJson(
      found.map((run) => asJson(run, living)),
      2,
    );
  else if (found.length === 0) say(`'${written}' has not run yet.`);
  else sayAll(listOf(found, living));
  return problems.length > 0 ? exitCodes.failed : exitCodes.ok;
}

/** @throws CliError */
function assertDeclared(name: string, path: string, folder: string): void {
  const { specs, disabled } = readProcessesFile(path, folder);
  if (!specs.has(name) && !disabled.has(name)) throw notDeclared(path, [name], specs);
}

function asJson(run: Run, living: ReadonlySet<string>): object {
  const { state, reason } = resultOfRun(run, living.has(run.tree));
  const { reasonData: _data, ...rest } = run;
  return { ...rest, state, reason: String(reason) };
}

const numeric = new Set(['TIME', 'CPU', 'MEMORY']);

function listOf(found: readonly Run[], living: ReadonlySet<string>): string[] {
  // Of one that has never had several instances, each row would say the same.
  const isPool = new Set(found.map(({ name }) => name)).size > 1;
  const hasTriggers = found.some(({ trigger }) => trigger !== undefined);
  const hasFigures = found.some(({ peakMemoryBytes }) => peakMemoryBytes !== undefined);
  const rows = found.map((run) => {
    const { startedAt, name, trigger = '-', cpuMillis, peakMemoryBytes } = run;
    const { state, reason } = resultOfRun(run, living.has(run.tree));
    const label = labelOf({ name, pool: isPool ? instanceOf(name).spec : undefined });
    return [
      ...(isPool ? [label] : []),
      dateAndTime(startedAt),
      timeOfRun(run) || '-',
      ...(hasFigures
        ? [cpuMillis === undefined ? '-' : formatDuration(cpuMillis), peakMemoryBytes === undefined ? '-' : formatBytes(peakMemoryBytes)]
        : []),
      ...(hasTriggers ? [trigger] : []),
      state,
      String(reason),
    ];
  });
  return table(
    [
      ...(isPool ? ['NAME'] : []),
      'STARTED',
      'TIME',
      ...(hasFigures ? ['CPU', 'MEMORY'] : []),
      ...(hasTriggers ? ['TRIGGER'] : []),
      'STATE',
      'REASON',
    ],
    rows,
    numeric,
  );
}
