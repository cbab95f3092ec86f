/**
 * Kills what a dead warden left, from its records alone. Run by the switch, by the side that saw the warden die, and at the
 * next start; any number of them may run at once.
 */
import { rmSync } from 'node:fs';
import { pid as self } from 'node:process';
import { type Platform, type ProcessStat, sameProcess } from '../platform/platform.ts';
import { type RecordFolder, readAllRecords, type TreeRecord } from '../records/records.ts';
import { limitMarkOf } from './membership.ts';
import { describeSurvivors, terminate } from './termination.ts';

export interface SweepResult {
  readonly workspace: string;
  readonly warden: string;
  readonly trees: readonly { readonly name: string; readonly killed: number; readonly problem: string }[];
}

/** Whether the warden that wrote these records still runs. */
export function isWardenAlive(platform: Platform, { warden }: RecordFolder): boolean {
  if (warden.bootId !== platform.bootId) return false;
  const stat = platform.stat(warden.process.pid);
  return stat?.alive === true && sameProcess(stat, warden.process);
}

/** Kills every tree of every warden that is gone. */
export async function sweep(
  platform: Platform,
  runtimeFolder: string,
): Promise<{ readonly swept: readonly SweepResult[]; readonly unreadable: readonly string[] }> {
  const { folders, unreadable } = readAllRecords(runtimeFolder);
  const orphaned = folders.filter((folder) => !isWardenAlive(platform, folder));
  const swept = await Promise.all(orphaned.map((folder) => reap(platform, folder)));
  return { swept, unreadable: [...unreadable, ...folders.flatMap((folder) => folder.unreadable)] };
}

/** Kills what the trees of one dead warden left, and removes its records unless somebody could not be killed. */
export async function reap(platform: Platform, folder: RecordFolder): Promise<SweepResult> {
  const trees = await Promise.all(folder.trees.map((tree) => reapTree(platform, tree)));
  if (trees.every((tree) => tree.problem === '') && folder.unreadable.length === 0) rmSync(folder.path, { recursive: true, force: true });
  return { workspace: folder.warden.workspace, warden: folder.warden.warden, trees };
}

async function reapTree(platform: Platform, record: TreeRecord): Promise<SweepResult['trees'][number]> {
  // A record of an earlier boot speaks of processes that cannot be alive.
  if (record.bootId !== platform.bootId) return { name: record.name, killed: 0, problem: '' };
  const killed = new Set<number>();
  const container = record.container === null ? undefined : platform.findContainer(record.container, record.tree);
  const { survivors } = await terminate(
    {
      alive: () => findMembers(platform, record, container?.pids()),
      killAll: () => {
        for (const pid of container?.pids() ?? []) killed.add(pid);
        return container?.killAll() ?? false;
      },
      signal: (target, signal) => {
        killed.add(target.pid);
        return platform.signal(target, signal);
      },
    },
    [{ signal: 'SIGKILL' }],
    new AbortController().signal,
  );
  container?.dispose();
  return { name: record.name, killed: killed.size, problem: survivors.length > 0 ? describeSurvivors(survivors) : '' };
}

/** Living members by recorded identity, by container, by mark, and by descent from any of them; never this process. */
export function findMembers(platform: Platform, record: TreeRecord, contained: readonly number[] = []): ProcessStat[] {
  const recorded = new Map(record.members.map((member) => [member.pid, member]));
  const isRecorded = (process: ProcessStat): boolean => {
    const known = recorded.get(process.pid);
    return known !== undefined && sameProcess(known, process);
  };
  const mark = limitMarkOf(record.tree);
  const isMarked = (process: ProcessStat): boolean => {
    // Nothing that was there before the tree can belong to it; most of a machine is ruled out without another read.
    if (record.leader && process.startTime < record.leader.startTime) return false;
    const marks = platform.marksOf(process.pid);
    return marks.limit === mark || marks.environment.includes(record.tree);
  };
  const everyone = platform.everyone().filter((process) => process.alive);
  const live = everyone.filter(isRecorded);
  // A session's number proves nothing, unless a recorded member is alive in it.
  const sessionHolds = live.some((process) => process.session === record.session);
  const inside = new Set(contained);
  const members = everyone.filter(
    (process) =>
      inside.has(process.pid) || isRecorded(process) || (sessionHolds && process.session === record.session) || isMarked(process),
  );
  return platform.descendants(members, true).filter((process) => process.alive && process.pid !== self);
}
