/**
 * Kills what a dead warden left, from its records alone. Run by the switch, by the side that saw the warden die, and at the
 * next start; any number of them may run at once.
 */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { uptime } from 'node:os';
import { dirname } from 'node:path';
import { type Platform, sameProcess } from '../../platform/platform.ts';
import { errorText } from '../../protocol/errors.ts';
import { serveArguments } from '../../protocol/serveCommand.ts';
import { stateLogFolder } from '../../records/logFolder.ts';
import { removeRecordFolder } from '../../records/recordFiles.ts';
import { type RecordFolder, readAllRecords, type TreeRecord, type WardenRecord } from '../../records/records.ts';
import { removeCgroupRoots } from './cleanup.ts';
import { MemberFinder } from './memberFinder.ts';
import { describeSurvivors, reapTimeoutMillis, terminate } from './termination.ts';

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

export interface Sweep {
  readonly swept: readonly SweepResult[];
  /** Trees that are meant to live on, and need a new warden. */
  readonly detached: readonly RecordFolder[];
  readonly unreadable: readonly string[];
}

/** Kills every managed tree of every warden that is gone. */
export async function sweep(platform: Platform, runtimeFolder: string): Promise<Sweep> {
  const { folders, unreadable } = readAllRecords(runtimeFolder);
  const problems: string[] = [];
  // Of many folders, one that cannot be dealt with is no reason to leave the others.
  const attempt = async <T>(path: string, work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      problems.push(`${path}: what it speaks of could not be dealt with: ${errorText(error)}`);
      return undefined;
    }
  };
  const detached: RecordFolder[] = [];
  const results = folders.map((folder) =>
    attempt(folder.path, async () => {
      if (isWardenAlive(platform, folder)) return undefined;
      if (!livesOn(platform, folder)) return await reap(platform, folder);
      detached.push(folder);
      return undefined;
    }),
  );
  const swept = (await Promise.all(results)).filter((result) => result !== undefined);
  unreadable.forEach(forgetIfStale);
  return {
    swept,
    detached,
    unreadable: [
      ...unreadable.map(({ path, problem }) => `${path}: ${problem}`),
      ...folders.flatMap((folder) => folder.unreadable),
      ...problems,
    ],
  };
}

/** The clock of the day, by which files and boot are compared, may have been put forward since; in milliseconds. */
const clockChange = 24 * 60 * 60 * 1000;

/** What cannot be read is left alone: it may be a newer version's. What is older than this boot speaks of no living process. */
function forgetIfStale({ path }: { readonly path: string }): void {
  try {
    const bootedAt = Date.now() - uptime() * 1000;
    if (statSync(path).mtimeMs < bootedAt - clockChange) removeRecordFolder(path);
  } catch {
    // Another one has just done it.
  }
}

/** Whether any process of a detached warden's trees is alive. */
export function livesOn(platform: Platform, { warden, trees }: RecordFolder): boolean {
  if (warden.lifetime !== 'detached' || warden.bootId !== platform.bootId) return false;
  return trees.some((record) => record.detached !== null && new MemberFinder(platform, record, warden).find().length > 0);
}

/** Starts a warden that takes over what the dead one of this folder left running. */
export function startDetachedWarden({ path, warden }: RecordFolder): void {
  const { workspace, window } = warden;
  const args = serveArguments(process.argv[1] ?? '', { workspace, window, logFolder: stateLogFolder(), lifetime: 'detached' });
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
    env: { ...process.env, TREE_WARDEN_RUNTIME_DIR: dirname(path) },
  });
  child.on('error', () => undefined);
  child.unref();
}

/** Kills what the trees of one dead warden left, and removes its records unless something of it stays. */
export async function reap(platform: Platform, folder: RecordFolder): Promise<SweepResult> {
  const trees = await Promise.all(folder.trees.map((tree) => reapTree(platform, tree, folder.warden)));
  const isThisBoot = folder.warden.bootId === platform.bootId;
  const isClean = !isThisBoot || (await removeCgroupRoots(platform, folder.warden.homes));
  // What stays on record, the next start tries again.
  if (isClean && trees.every((tree) => tree.problem === '') && folder.unreadable.length === 0) removeRecordFolder(folder.path);
  return { workspace: folder.warden.workspace, warden: folder.warden.warden, trees };
}

/** Kills what is left of one tree, by its record. */
export async function reapTree(
  platform: Platform,
  record: TreeRecord,
  warden: Pick<WardenRecord, 'process' | 'lifetime'>,
): Promise<SweepResult['trees'][number]> {
  // A record of an earlier boot speaks of processes that cannot be alive.
  if (record.bootId !== platform.bootId) return { name: record.name, killed: 0, problem: '' };
  const killed = new Set<number>();
  const finder = new MemberFinder(platform, record, warden);
  const container = record.container === null ? undefined : platform.findContainer(record.container, record.tree);
  const { survivors } = await terminate(
    {
      alive: () => finder.find(container?.pids()),
      killAll: () => {
        const inside = container?.pids() ?? [];
        const done = container?.killAll((pid) => finder.mayKill(pid)) ?? false;
        if (done) for (const pid of inside) killed.add(pid);
        return done;
      },
      signal: (target, signal) => {
        const outcome = platform.signal(target, signal);
        if (outcome === 'sent') killed.add(target.pid);
        return outcome;
      },
    },
    [{ signal: 'SIGKILL' }],
    new AbortController().signal,
    reapTimeoutMillis,
  );
  container?.dispose();
  return { name: record.name, killed: killed.size, problem: survivors.length > 0 ? describeSurvivors(survivors) : '' };
}
