/**
 * Who is alive of a run, by a sign of its own that has nothing to do with Tree Warden's marks: the run's folder in the
 * command line, the environment, the working directory or an open file.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Survivor {
  readonly pid: number;
  readonly command: string;
}

/** So many times it looks for who was born during the last look. */
const maxPasses = 50;

/** Living processes of the run; zombies count as dead, and whoever `ignore` names is not one of it. */
export function survivorsOf(folder: string, ignore: ReadonlySet<number> = new Set()): Survivor[] {
  const found: Survivor[] = [];
  const seen = new Set([process.pid, ...ignore]);
  let last = newestPid();
  let pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  for (let pass = 0; pass < maxPasses; pass++) {
    // The newest first: one that forks and leaves every few milliseconds would be gone when its turn came.
    for (const pid of pids.sort((a, b) => b - a)) {
      if (seen.has(pid)) continue;
      seen.add(pid);
      const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      const belongs =
        command.includes(folder) || read(`/proc/${pid}/environ`).includes(folder) || links(pid).some((link) => link.includes(folder));
      if (belongs && isAlive(pid)) found.push({ pid, command });
    }
    const newest = newestPid();
    if (newest === last) break;
    pids = Array.from({ length: Math.max(0, newest - last) }, (_, index) => last + 1 + index).filter(isProcess);
    last = newest;
  }
  return found;
}

/** The pid that the kernel has given out last. */
function newestPid(): number {
  return Number(read('/proc/loadavg').trim().split(' ').at(-1));
}

/** Threads have numbers, too. */
function isProcess(pid: number): boolean {
  return read(`/proc/${pid}/status`).includes(`\nTgid:\t${pid}\n`);
}

/** Looks several times: a process that forks and leaves is missed by one look. */
export async function survivorsAfterLooking(folder: string, ignore?: ReadonlySet<number>): Promise<Survivor[]> {
  for (let look = 0; look < 12; look++) {
    const found = survivorsOf(folder, ignore);
    if (found.length > 0) return found;
    await sleep(3);
  }
  return [];
}

/** Kills what a test or a peer has left, by pid, until nobody is found. */
export async function clearAway(folder: string, ignore?: ReadonlySet<number>): Promise<void> {
  for (let round = 0; round < 2000; round++) {
    const found = await survivorsAfterLooking(folder, ignore);
    if (found.length === 0) return;
    const held = survivorsOf(folder, ignore);
    for (const { pid } of held) kill(pid, 'SIGSTOP');
    // Those that are held, too: by a look of its own, one that was just becoming another program is not known any more.
    for (const { pid } of [...held, ...survivorsOf(folder, ignore)]) kill(pid, 'SIGKILL');
  }
  throw new Error(`could not clear away what is left of ${folder}`);
}

/** Field 22 of proc_pid_stat(5): with its pid, that is a process for certain; NaN where there is none. */
export function startTimeOf(pid: number): number {
  return Number(read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ')[22 - 3]);
}

export function isAlive(pid: number): boolean {
  const state = read(`/proc/${pid}/stat`).split(') ').at(-1)?.[0];
  return state !== undefined && state !== '' && state !== 'Z' && state !== 'X';
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It went by itself.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function links(pid: number): string[] {
  const names = (() => {
    try {
      return readdirSync(`/proc/${pid}/fd`).map((fd) => `fd/${fd}`);
    } catch {
      return [];
    }
  })();
  return ['cwd', ...names].map((name) => {
    try {
      return readlinkSync(`/proc/${pid}/${name}`);
    } catch {
      return '';
    }
  });
}
