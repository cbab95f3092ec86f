import { lstatSync, realpathSync, statfsSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Of the names of folders in which wardens make cgroups. */
export const rootPrefix = 'tree-warden-';

/** CGROUP2_SUPER_MAGIC, see statfs(2). */
const cgroup2 = 0x63677270;

const rootName = new RegExp(`^${rootPrefix}[\\w-]+$`);

/** Whether a path that a record names is the folder of a warden's cgroups: the kernel's, reached without links, and made by this user. */
export function isTrustedRoot(path: string, uid: number): boolean {
  return rootName.test(basename(path)) && isOwnCgroup(path, uid);
}

/** The same for the cgroup of one tree, in such a folder. */
export function isTrustedCgroup(path: string, name: string, uid: number): boolean {
  return name !== '' && basename(path) === name && isTrustedRoot(dirname(path), uid) && isOwnCgroup(path, uid);
}

/** A folder of this file system that this user owns, this user has made: the kernel sees to that. */
function isOwnCgroup(path: string, uid: number): boolean {
  try {
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === uid && realpathSync(path) === path && statfsSync(path).type === cgroup2;
  } catch {
    return false; // It is not there any more, or no path at all.
  }
}
