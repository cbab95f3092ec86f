import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cgroupRootPaths, isPopulated, removeCgroup } from './cgroups.ts';
import { isTrustedRoot, rootPrefix } from './trustedCgroup.ts';

/** A folder in which a cgroup was made or removed within this time, in milliseconds, may be in use where we cannot see it. */
const unusedMillis = 60_000;

/**
 * Removes folders of wardens whose records are gone, so that no sweep will find them: the folder for runtime records was removed while
 * they were dying. Those in use have processes in them, or an owner that `isAlive`.
 */
export function removeAbandonedRoots(uid: number, isAlive: (owner: string) => boolean, now = Date.now()): void {
  for (const path of cgroupRootPaths('').flatMap(rootsIn))
    try {
      if (!isTrustedRoot(path, uid) || isPopulated(path) || now - statSync(path).mtimeMs < unusedMillis) continue;
      if (!isAlive(basename(path).slice(rootPrefix.length))) removeCgroup(path);
    } catch {
      // Another process has just removed it.
    }
}

function rootsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith(rootPrefix))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
