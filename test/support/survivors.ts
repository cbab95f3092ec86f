/**
 * Who is alive of a run, by a sign of its own that has nothing to do with Tree Warden's marks: the run's folder in the
 * command line, the environment, the working directory or an open file.
 */
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Survivor {
  readonly pid: number;
  readonly command: string;
}

/** So many times it looks for who was born during the last look. */
const maxPasses = 50;

/** Living processes of the run; zombies count as dead, and the processes in `ignore` are left out. */
export function survivorsOf(folder: string, ignore: ReadonlySet<number> = new Set()): Survivor[] {
  const found: Survivor[] = [];
  const begun = begunAt.get(folder) ?? 0;
  const seen = new Set([process.pid, ...ignore]);
  let last = newestPid();
  let pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  for (let pass = 0; pass < maxPasses; pass++) {
    // The newest first: one that forks and leaves every few milliseconds would be gone when its turn came.
    for (const pid of pids.sort((a, b) => b - a)) {
      if (seen.has(pid)) continue;
      seen.add(pid);
      const { startTime, isAlive } = statOf(pid);
      if (!isAlive || startTime < begun) continue;
      const command = read(`/proc/${pid}/cmdline`);
      if (belongsTo(folder, pid, command)) found.push({ pid, command: command.replaceAll('\0', ' ').trim() });
    }
    const newest = newestPid();
    if (newest === last) break;
    pids = Array.from({ length: Math.max(0, newest - last) }, (_, index) => last + 1 + index).filter(isProcess);
    last = newest;
  }
  return found;
}

/** When a run's folders came to be, in clock ticks since boot, as the kernel counts a process's start: what is older is none of the run. */
const begunAt = new Map<string, number>();

/** Spares looks at what is older than these folders, which have just been made. */
export function beginRun(...folders: readonly string[]): void {
  const seconds = Number(read('/proc/uptime').split(' ')[0]);
  for (const folder of folders) begunAt.set(folder, Math.floor(seconds * 100) - 1);
}

/** In every folder that `Run` makes. */
export const runPrefix = 'tw-run-';
const runName = new RegExp(`${runPrefix}\\w+`);

/**
 * A process names one run at most: of the processes of other runs, of which there may be thousands, neither environment nor open files need be read.
 */
function belongsTo(folder: string, pid: number, command: string): boolean {
  const run = folder.match(runName)?.[0];
  const isOfAnother = (text: string): boolean => run !== undefined && text.includes(runPrefix) && !text.includes(run);
  if (command.includes(folder)) return true;
  if (isOfAnother(command)) return false;
  const environment = read(`/proc/${pid}/environ`);
  if (environment.includes(folder)) return true;
  if (isOfAnother(environment)) return false;
  return links(pid).some((link) => link.includes(folder));
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

/** Kills what a test or a peer has left, by pid, until no process is found. */
export async function clearAway(folder: string, ignore?: ReadonlySet<number>): Promise<void> {
  for (let round = 0; round < 2000; round++) {
    const found = await survivorsAfterLooking(folder, ignore);
    if (found.length === 0) return;
    const held = survivorsOf(folder, ignore);
    for (const { pid } of held) killIfThere(pid, 'SIGSTOP');
    // Those that are held, too: by a look of its own, one that was just becoming another program is not known any more.
    for (const { pid } of [...held, ...survivorsOf(folder, ignore)]) killIfThere(pid, 'SIGKILL');
  }
  throw new Error(`could not clear away what is left of ${folder}`);
}

/** Field 22 of proc_pid_stat(5): with its pid, that is a process for certain; NaN where there is none. */
export function startTimeOf(pid: number): number {
  return statOf(pid).startTime;
}

/** Threads have numbers of the same kind, and a file for each: one of any program may have been given that of a process which has ended. */
export function isAlive(pid: number): boolean {
  return statOf(pid).isAlive && isProcess(pid);
}

/** Whether a SIGSTOP has been obeyed: it is on its way until the process had a processor once more, and is out of the kernel. */
export function isStopped(pid: number): boolean {
  return statOf(pid).state === 'T';
}

function statOf(pid: number): { readonly startTime: number; readonly state: string; readonly isAlive: boolean } {
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
  const state = fields[0] ?? '';
  return { startTime: Number(fields[22 - 3]), state, isAlive: state !== '' && state !== 'Z' && state !== 'X' };
}

/** For one that may have ended since it was seen. */
export function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It went by itself.
  }
}

const buffer = Buffer.allocUnsafe(2 ** 20);

/** A file of /proc whole, by as few calls as that takes; empty where its process is gone. */
function read(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    let size = 0;
    for (;;) {
      const count = readSync(fd, buffer, size, buffer.length - size, null);
      size += count;
      if (count === 0 || size === buffer.length) return buffer.toString('latin1', 0, size);
    }
  } catch {
    return '';
  } finally {
    closeSync(fd);
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
