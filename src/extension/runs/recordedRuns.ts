import { recordedWardens } from '../../client/wardenRegistry.ts';
import { instanceOf } from '../../protocol/names.ts';
import { type Run, resultOfRun } from '../../protocol/runs.ts';
import { readRuns } from '../../records/runFiles.ts';
import { localized } from '../localized.ts';
import type { Process } from '../processes.ts';
import { runKeyOf } from './runKey.ts';
import type { RunResult } from './runText.ts';

/** A run, and how it has ended, in the words of the editor. */
export interface RecordedRun {
  readonly run: Run;
  readonly result: RunResult;
}

/** What is kept of a process, the newest run first: by whichever window or command line it was run. `problems` are sentences. */
export function recordedRuns(process: Process): { readonly runs: readonly RecordedRun[]; readonly problems: readonly string[] } {
  const key = runKeyOf(process);
  if (key === undefined) return { runs: [], problems: [] };
  const { runs, problems } = readRuns(key);
  const { instance } = instanceOf(process.name);
  const own = process.pool === undefined ? runs : runs.filter(({ name }) => instanceOf(name).instance === instance);
  // One without an end may be another warden's.
  const isLost = own.some(({ endedAt }) => endedAt === undefined);
  const living = new Set(isLost ? recordedWardens().flatMap(({ trees }) => trees.map(({ tree }): string => tree)) : []);
  return {
    runs: own.map((run) => {
      const { state, reason } = resultOfRun(run, living.has(run.tree));
      return { run, result: { state, reason: localized(reason) } };
    }),
    problems,
  };
}
