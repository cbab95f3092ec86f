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

/** Living processes of the run; zombies count as dead, and whoever `ignore` names is not one of it. */
export function survivorsOf(folder: string, ignore: ReadonlySet<number> = new Set()): Survivor[] {
  return (
    readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid !== process.pid && !ignore.has(pid))
      // The newest first: one that forks and leaves every few milliseconds would be gone when its turn came.
      .sort((a, b) => b - a)
      .flatMap((pid) => {
        const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
        const belongs =
          command.includes(folder) || read(`/proc/${pid}/environ`).includes(folder) || links(pid).some((link) => link.includes(folder));
        return belongs && isAlive(pid) ? [{ pid, command }] : [];
      })
  );
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
