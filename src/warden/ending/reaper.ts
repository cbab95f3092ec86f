/**
 * Kills what a dead warden left, from its records alone. Run by the switch, by the side that saw the warden die, and at the
 * next start; any number of them may run at once.
 */
import { spawn } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import { dirname } from 'node:path';
import { type Platform, sameProcess } from '../../platform/platform.ts';
import { serveArguments } from '../../protocol/serveCommand.ts';
import { stateLogFolder } from '../../records/logFolder.ts';
import { type RecordFolder, readAllRecords, type TreeRecord } from '../../records/records.ts';
import { removeHomes } from './leftovers.ts';
import { MemberFinder } from './memberFinder.ts';
import { describeSurvivors, reapPatience, terminate } from './termination.ts';

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
  const orphaned = folders.filter((folder) => !isWardenAlive(platform, folder));
  const detached = orphaned.filter((folder) => livesOn(platform, folder));
  const swept = await Promise.all(orphaned.filter((folder) => !detached.includes(folder)).map((folder) => reap(platform, folder)));
  unreadable.forEach(forgetIfStale);
  return {
    swept,
    detached,
    unreadable: [...unreadable.map(({ path, problem }) => `${path}: ${problem}`), ...folders.flatMap((folder) => folder.unreadable)],
  };
}

/** What cannot be read is left alone: it may be a newer version's. What is older than this boot speaks of nobody alive. */
function forgetIfStale({ path }: { readonly path: string }): void {
  try {
    const bootedAt = Date.now() - uptime() * 1000;
    if (statSync(path).mtimeMs < bootedAt) rmSync(path, { recursive: true, force: true });
  } catch {
    // Another one has just done it.
  }
}

/** Whether anybody of a detached warden's trees is alive. */
export function livesOn(platform: Platform, { warden, trees }: RecordFolder): boolean {
  if (warden.lifetime !== 'detached' || warden.bootId !== platform.bootId) return false;
  return trees.some((record) => record.detached !== null && new MemberFinder(platform, record).find().length > 0);
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
  const trees = await Promise.all(folder.trees.map((tree) => reapTree(platform, tree)));
  const isThisBoot = folder.warden.bootId === platform.bootId;
  const isClean = !isThisBoot || (await removeHomes(platform, folder.warden.homes));
  // What stays on record, the next start tries again.
  if (isClean && trees.every((tree) => tree.problem === '') && folder.unreadable.length === 0)
    rmSync(folder.path, { recursive: true, force: true });
  return { workspace: folder.warden.workspace, warden: folder.warden.warden, trees };
}

/** Kills what is left of one tree, by its record. */
export async function reapTree(platform: Platform, record: TreeRecord): Promise<SweepResult['trees'][number]> {
  // A record of an earlier boot speaks of processes that cannot be alive.
  if (record.bootId !== platform.bootId) return { name: record.name, killed: 0, problem: '' };
  const killed = new Set<number>();
  const finder = new MemberFinder(platform, record);
  const container = record.container === null ? undefined : platform.findContainer(record.container, record.tree);
  const { survivors } = await terminate(
    {
      alive: () => finder.find(container?.pids()),
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
    reapPatience,
  );
  container?.dispose();
  return { name: record.name, killed: killed.size, problem: survivors.length > 0 ? describeSurvivors(survivors) : '' };
}
