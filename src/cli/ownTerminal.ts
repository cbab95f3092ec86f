/** The terminal that the command line was started on, and whose turn it is there. */
import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { basename } from 'node:path';
import { isatty, ReadStream, WriteStream } from 'node:tty';
import { allProcStats, childrenOf, descriptorsOf, ignoresSignal, linkOf, openFlags, procStat } from './procStat.ts';

/** Maximum number of processes that are inspected: in a bigger tree, one of the first uses the terminal. */
const maxInspected = 200;

/** Each of stdin, stdout and stderr by itself. */
export function streamsOnTerminal(): [boolean, boolean, boolean] {
  return [isatty(0), isatty(1), isatty(2)];
}

/** A job in the background must leave its terminal alone: a process that reads from it or changes it there is stopped. */
export function isInForeground(): boolean {
  const self = procStat('self');
  return self === undefined || self.terminal === 0 || self.foreground === self.group;
}

/** Whether what is printed goes to another process by a pipe: it may be a pager, which has its keys from the same terminal. */
export function printsIntoPipe(): boolean {
  return [1, 2].some((descriptor) => {
    try {
      return fstatSync(descriptor).isFIFO();
    } catch {
      return false;
    }
  });
}

/**
 * Node puts the settings back at its exit that the terminal had at its start, through any of its streams that is still open. They may be
 * those of a pager that started first, or not be those of one that is there now.
 */
export function keepSettingsAtExit(): void {
  process.once('exit', () => {
    for (const stream of [0, 1, 2].filter((one) => isatty(one))) closeSync(stream);
  });
}

/**
 * Whether another process of the same pipeline reads the keyboard. A pager whose stdin is a pipe opens the terminal for that, by whichever
 * of its names (less asks ttyname(3) first), or has it as stdin from then on (vim).
 */
export function keyboardIsTaken(): boolean {
  const self = procStat('self');
  if (self === undefined) return false;
  const all = allProcStats();
  const ancestors = ancestorsOf(self.pid, new Map(all.map((found) => [found.pid, found.parent])));
  const others = all.filter(
    ({ pid, group, parent }) => group === self.group && pid !== self.pid && parent !== self.pid && !ancestors.has(pid),
  );
  if (others.length === 0) return false;
  const names = new Set(['/dev/tty', ...[0, 1, 2].filter((stream) => isatty(stream)).map((stream) => linkOf('self', stream))]);
  // A shell has its terminal open once more, and so have its forks.
  const inherited = new Set(Array.from(ancestors, terminalsOf).flat());
  return others.some(({ pid }) => terminalsOf(pid).some((one) => !inherited.has(one)));

  /** What it has open of our terminal, beside stdout and stderr, which every process of a pipeline may have from its shell. */
  function terminalsOf(pid: number): string[] {
    return descriptorsOf(pid)
      .map((descriptor) => ({ descriptor, link: linkOf(pid, descriptor) }))
      .filter(({ descriptor, link }) => names.has(link) && (link === '/dev/tty' || descriptor === 0 || descriptor > 2))
      .map(({ descriptor, link }) => (descriptor === 0 ? `stdin of ${pid}` : `${descriptor} ${link}`));
  }
}

/** Whether a process that descends from this one has opened its terminal by name, as programs do whose stdin is not one. */
export function readsTerminal(leader: number): boolean {
  const members = [leader];
  for (const pid of members) {
    if (hasTerminalOpen(pid)) return true;
    if (members.length < maxInspected) members.push(...childrenOf(pid));
  }
  return false;
}

function hasTerminalOpen(pid: number): boolean {
  return descriptorsOf(pid).some((descriptor) => linkOf(pid, descriptor) === '/dev/tty');
}

function ancestorsOf(pid: number, parents: ReadonlyMap<number, number>): Set<number> {
  const found = new Set<number>();
  for (let next = parents.get(pid); next !== undefined && next > 0 && !found.has(next); next = parents.get(next)) found.add(next);
  return found;
}

/** Where keys come from; undefined where there is no terminal any more. */
export function openKeyboard(): ReadStream | undefined {
  if (isatty(0)) return process.stdin;
  try {
    return new ReadStream(openSync('/dev/tty', 'r+'));
  } catch {
    return undefined;
  }
}

/** Where what is drawn goes to. */
export function openScreen(): WriteStream | undefined {
  if (isatty(1)) return process.stdout;
  if (isatty(2)) return process.stderr;
  try {
    return new WriteStream(openSync('/dev/tty', 'r+'));
  } catch {
    return undefined;
  }
}

/**
 * Node's raw mode still turns each newline that is written into two characters, which the terminal in between has done already.
 * Node gives everything back that it has found, this too.
 */
export function leaveNewlinesAlone(keyboard: ReadStream): void {
  const { fd } = keyboard as ReadStream & { readonly fd?: number };
  spawnSync('stty', ['-opost'], { stdio: [fd ?? 0, 'ignore', 'ignore'] });
}

/** Whether Ctrl-Z means to this command what it means to most: it is in the foreground of its terminal, and has not turned the key off. */
export function ctrlZStops(leader: number, leaderIsCommand: boolean): boolean {
  const found = procStat(leader);
  if (found === undefined || found.foreground !== found.group) return false;
  if (leaderIsCommand && ignoresSignal(leader, constants.signals.SIGTSTP)) return false;
  // Major and minor number are in one, see makedev(3).
  const number = (found.terminal & 0xff) | ((found.terminal >>> 12) & 0xfff00);
  const { stdout, status } = spawnSync('stty', ['-a', '-F', `/dev/pts/${number}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 && /(^|\s)isig\b/m.test(stdout) && /\bsusp = \^Z;/.test(stdout);
}

/**
 * Whether nohup(1) has started this. Node undoes at its start that SIGHUP is ignored, so it is known by what else nohup leaves: a stdin
 * that is /dev/null but cannot be read, or the variable that shells set.
 */
export function isUnderNohup(env: NodeJS.ProcessEnv = process.env): boolean {
  const writeOnly = 1;
  const deadStdin = linkOf('self', 0) === '/dev/null' && ((openFlags(0) ?? 0) & 3) === writeOnly;
  return deadStdin || basename(env['_'] ?? '') === 'nohup';
}
