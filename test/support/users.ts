/** What belongs to one user, as the kernel counts it. */
import { readdirSync, readFileSync } from 'node:fs';

/** Threads of this user, as RLIMIT_NPROC counts them: getrlimit(2). Zombies count. */
export function threadsOf(user: number): number {
  return statusesOf(user).reduce((sum, { threads }) => sum + threads, 0);
}

/** Pids of this user's processes, but for zombies. */
export function processesOf(user: number): number[] {
  return statusesOf(user).flatMap(({ pid, isZombie }) => (isZombie ? [] : pid));
}

function statusesOf(user: number): { readonly pid: number; readonly threads: number; readonly isZombie: boolean }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const status = read(`/proc/${name}/status`);
    if (Number(status.match(/^Uid:\t(\d+)/m)?.[1] ?? -1) !== user) return [];
    return [{ pid: Number(name), threads: Number(status.match(/^Threads:\t(\d+)/m)?.[1] ?? 0), isZombie: /^State:\t[ZX]/m.test(status) }];
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // It has just ended.
  }
}
