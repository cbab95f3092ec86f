import { existsSync } from 'node:fs';
import type { LineFilter } from '../client/logs/logLines.ts';
import { KeptLog, LiveLog, type LogSource } from '../client/logs/logSource.ts';
import type { WardenClient } from '../client/wardenClient.ts';
import type { TreeId } from '../protocol/identity.ts';
import { instanceOf, normalName } from '../protocol/names.ts';
import type { Run } from '../protocol/runs.ts';
import { isLive, labelOf } from '../protocol/trees.ts';
import { readRuns } from '../records/runFiles.ts';
import { nearestFile } from './declared.ts';
import { CliError } from './exitCodes.ts';
import { complain } from './say.ts';
import { type FoundTree, matches, type Wardens } from './wardens.ts';

/** A log, and whose it is. */
export interface FoundLog {
  readonly label: string;
  readonly id: TreeId;
  readonly source: LogSource;
  /** Absent where no warden knows it any more. */
  readonly tree?: { readonly warden: WardenClient; readonly id: TreeId };
}

/**
 * The logs of the trees that are wanted: of all that run where none is named. Where the filter has times, the earlier runs of a declared process belong to it; and so does the last one
 * where nothing is running: its window or the machine may have gone since.
 * @throws CliError where there is none, or more than one.
 */
export async function findLogs(wardens: Wardens, wanted: readonly string[], filter: LineFilter): Promise<readonly FoundLog[]> {
  if (wanted.length === 0) return await allLogs(wardens);
  const known = await wardens.trees();
  const found: FoundLog[] = [];
  for (const name of wanted.map(normalName)) {
    const runs = runsOf(name);
    const isKnown = known.some(({ tree }) => matches(tree, name) || tree.pool === name);
    const trees = isKnown || runs.length === 0 ? await wardens.findEach([name], 'all') : [];
    const ids = new Set<string>(trees.map(({ tree }) => tree.id));
    // Another process may have the same name.
    const isOfThis = trees.length === 0 || runs.some(({ tree }) => ids.has(tree));
    const earlier = isOfThis ? runs.filter((run) => !ids.has(run.tree) && isWithin(run, filter)) : [];
    const count = hasTimes(filter) ? earlier.length : 1 - trees.length;
    found.push(...earlier.slice(0, Math.max(0, count)).toReversed().flatMap(keptLog));
    found.push(...trees.map(liveLog));
  }
  // Named twice, or by its name and that of its pool.
  return [...new Map(found.map((log) => [log.id, log])).values()];
}

async function allLogs(wardens: Wardens): Promise<readonly FoundLog[]> {
  const live = (await wardens.trees()).filter(({ tree }) => isLive(tree) && tree.stdio !== 'inherit');
  if (live.length === 0) throw new CliError(wardens.incomplete ? 'A warden was left out; its trees are not known.' : 'Nothing is running.');
  return live.map(liveLog);
}

function liveLog({ warden, tree }: FoundTree): FoundLog {
  const label = labelOf(tree);
  if (tree.stdio === 'inherit')
    throw new CliError(`'${label}' writes straight to the terminal or file of its tree-warden run; there is no copy.`);
  const source = new LiveLog(warden, tree.id, (sentence) => complain(`${label}: ${sentence}`));
  return { label, id: tree.id, source, tree: { warden, id: tree.id } };
}

function keptLog({ name, tree, log }: Run): readonly FoundLog[] {
  return log !== undefined && existsSync(log) ? [{ label: name, id: tree, source: new KeptLog(log) }] : [];
}

/** Of the process of this name in the processes.json of this folder, the newest one first. */
function runsOf(name: string): readonly Run[] {
  const file = nearestFile();
  if (file === undefined) return [];
  const { spec } = instanceOf(name);
  const { runs } = readRuns({ origin: file.path, name: spec });
  return spec === name ? runs : runs.filter((run) => run.name === name);
}

function hasTimes({ sinceAt, untilAt }: LineFilter): boolean {
  return sinceAt !== undefined || untilAt !== undefined;
}

function isWithin({ startedAt, endedAt }: Run, { sinceAt, untilAt }: LineFilter): boolean {
  return (endedAt ?? Number.POSITIVE_INFINITY) >= (sinceAt ?? 0) && startedAt <= (untilAt ?? Number.POSITIVE_INFINITY);
}
