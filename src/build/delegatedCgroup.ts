import { chownSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseOwnCgroup, removeCgroup } from '../platform/linux/cgroups.ts';

/** A cgroup that belongs to an ordinary user, as systemd gives one to each session. */
export interface DelegatedCgroup extends Disposable {
  /** What stands before a command so that it runs inside. */
  readonly prefix: readonly string[];
}

/** Undefined where root itself cannot make one. */
export function delegateCgroup(uid: number): DelegatedCgroup | undefined {
  const own = parseOwnCgroup(readFileSync('/proc/self/mountinfo', 'utf8'), readFileSync('/proc/self/cgroup', 'utf8'));
  if (own === undefined) return undefined;
  const path = join(own, `delegated-${process.pid}`);
  try {
    mkdirSync(path);
    for (const file of ['.', 'cgroup.procs', 'cgroup.subtree_control']) chownSync(join(path, file), uid, uid);
  } catch {
    return undefined;
  }
  return {
    prefix: ['/bin/sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', path],
    [Symbol.dispose]: () => removeCgroup(path),
  };
}
