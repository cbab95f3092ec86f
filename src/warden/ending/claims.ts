/**
 * The commands of a tree whose warden was killed are run once, though several processes may clean up at the same time: the one that renames the record
 * of the tree to a name with its own identity in it does so, and the others wait for it. Where that one is killed as well, the next one runs them.
 */
import { existsSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Platform, type ProcessIdentity, sameProcess } from '../../platform/platform.ts';
import { claimName, treeSuffix } from '../../records/recordFiles.ts';
import { type FoundTreeRecord, readRecordFolder } from '../../records/records.ts';
import { ifReadable } from './ifReadable.ts';

const pollMillis = 50;
/** How long a process that has claimed a tree may take beyond the time of the commands, in milliseconds: it kills before and after them. */
const additionalMillis = 90_000;
/** How long a rename that the system refuses is tried again, in milliseconds: Windows refuses it while another process reads the record. */
const refusedMillis = 1000;

/**
 * `held`: another process has the tree, for longer than its commands may take; `refused`: no record can be renamed in this folder.
 * No other process kills what is left of it in either case. `left`: another one has it, and `leaving` says not to wait for that.
 */
export type ClaimProblem = 'held' | 'refused' | 'left';

/** Its record, now that it is this process's own; undefined where another one has seen to the tree. */
export async function claim(
  platform: Platform,
  found: FoundTreeRecord,
  leaving?: AbortSignal,
): Promise<FoundTreeRecord | ClaimProblem | undefined> {
  const commandMillis = (found.commands?.stop ?? []).reduce((sum, step) => sum + ('run' in step ? step.timeoutMillis : 0), 0);
  const deadline = performance.now() + commandMillis + additionalMillis;
  let refusedUntil = Number.POSITIVE_INFINITY;
  for (let record: FoundTreeRecord | undefined = found; record !== undefined; record = again(found)) {
    const taken = isHeld(platform, record) ? undefined : takeOver(platform, record);
    if (typeof taken === 'object') return taken;
    const now = performance.now();
    refusedUntil = taken === 'refused' ? Math.min(refusedUntil, now + refusedMillis) : Number.POSITIVE_INFINITY;
    if (now > refusedUntil) return 'refused';
    if (now > deadline) return 'held';
    if (leaving?.aborted) return 'left';
    await sleep(pollMillis, undefined, leaving && { signal: leaving }).catch(() => undefined);
  }
  return undefined;
}

/** Lets another process have the tree, where something is left to do. */
export function release({ path, tree }: FoundTreeRecord): void {
  try {
    renameSync(path, join(dirname(path), `${tree}${treeSuffix}`));
  } catch {
    // It is another one's when this process has ended.
  }
}

/** Undefined where another process has been faster. */
function takeOver(platform: Platform, record: FoundTreeRecord): FoundTreeRecord | 'refused' | undefined {
  const self = ifReadable(() => platform.stat(process.pid));
  if (self === undefined) return 'refused';
  const path = join(dirname(record.path), claimName(record.tree, self));
  try {
    renameSync(record.path, path);
    return { ...record, path };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'refused';
  }
}

/** Whether the process that has claimed it still runs, or that cannot be seen. */
function isHeld(platform: Platform, { claimant, path }: FoundTreeRecord): boolean {
  if (claimant === undefined || !existsSync(path)) return false;
  const isRunning = ifReadable(() => isSame(platform, claimant));
  return isRunning !== false;
}

function isSame(platform: Platform, claimant: ProcessIdentity): boolean {
  const stat = platform.stat(claimant.pid);
  return stat?.alive === true && sameProcess(stat, claimant);
}

/** The record as it is now; undefined where it is there no more. */
function again({ path, tree }: FoundTreeRecord): FoundTreeRecord | undefined {
  try {
    return readRecordFolder(dirname(path)).trees.find((one) => one.tree === tree);
  } catch {
    return undefined;
  }
}
