/** Whether a process waits for what is typed: ioctl_tty(2), termios(3), proc_pid_syscall(5), proc_pid_fdinfo(5). */
import type { InputWait, OpenTerminal, ProcessStat } from '../platform.ts';
import type { Libc } from './libc.ts';
import type { ProcFs } from './procfs.ts';

const TCGETS = 0x5401;
const TIOCGPGRP = 0x540f;
/** Bits of the local modes, the fourth word of the kernel's termios. */
const ICANON = 0x2;
const ECHO = 0x8;
const EPOLLIN = 0x1;

/** Bounds of one look: threads that are read, and descriptors of one that waits for several. */
const maxThreads = 64;
const maxPolled = 64;

type Call = 'read' | 'select' | 'epoll';

/** Numbers of system calls that wait for input: syscalls(2). Those of other architectures are not known here. */
const calls: Readonly<Record<string, ReadonlyMap<number, Call>>> = {
  x64: new Map<number, Call>([
    ...([0, 19] as const).map((number) => [number, 'read'] as const),
    ...([23, 270] as const).map((number) => [number, 'select'] as const),
    ...([232, 281, 441] as const).map((number) => [number, 'epoll'] as const),
  ]),
  arm64: new Map<number, Call>([
    ...([63, 65] as const).map((number) => [number, 'read'] as const),
    ...([72] as const).map((number) => [number, 'select'] as const),
    ...([22, 441] as const).map((number) => [number, 'epoll'] as const),
  ]),
};

/** Of the processes in the terminal's foreground, which alone may read from it; undefined where none waits, or the terminal is gone. */
export function inputWaitOf(
  { master, path }: Pick<OpenTerminal, 'master' | 'path'>,
  members: readonly ProcessStat[],
  libc: Libc,
  proc: ProcFs,
): InputWait | undefined {
  const foreground = new Int32Array(1);
  const modes = new Uint32Array(16);
  // The controlling end answers for the other one.
  if (libc.ioctl(master, TIOCGPGRP, foreground) < 0 || libc.ioctl(master, TCGETS, modes) < 0) return undefined;
  const local = modes[3] ?? 0;
  const found = members.filter(({ group, alive, stopped }) => group === foreground[0] && alive && !stopped);
  const by = mostCertain(found.map(({ pid }) => waitOf(pid, path, proc)));
  return by && { by, canonical: (local & ICANON) !== 0, echo: (local & ECHO) !== 0 };
}

function mostCertain(waits: readonly (InputWait['by'] | undefined)[]): InputWait['by'] | undefined {
  return (['read', 'poll', 'hidden'] as const).find((by) => waits.includes(by));
}

function waitOf(pid: number, terminal: string, proc: ProcFs): InputWait['by'] | undefined {
  const isTerminal = (descriptor: number): boolean => [terminal, '/dev/tty'].includes(proc.link(`/proc/${pid}/fd/${descriptor}`) ?? '');
  let isHidden = false;
  let polls = false;
  for (const thread of proc.threadsOf(pid).slice(0, maxThreads)) {
    const line = proc.read(`/proc/${pid}/task/${thread}/syscall`);
    // Another user's, such as sudo's; or this kernel does not have the file.
    if (line === undefined) isHidden = true;
    const { call, argument } = parseSyscall(line ?? '', process.arch) ?? {};
    if (argument === undefined) continue;
    if (call === 'read' && isTerminal(argument)) return 'read';
    // One that is given the number 1 waits for the descriptor 0 alone; what it waits for otherwise is in its memory.
    if (call === 'select' && argument === 1 && isTerminal(0)) polls = true;
    if (call === 'epoll' && polledBy(proc.read(`/proc/${pid}/fdinfo/${argument}`) ?? '').some(isTerminal)) polls = true;
  }
  if (polls) return 'poll';
  return isHidden ? 'hidden' : undefined;
}

/** The first argument of a call that waits for input; undefined where it is another one. */
export function parseSyscall(line: string, architecture: string): { readonly call: Call; readonly argument: number } | undefined {
  const [number, argument] = line.split(' ', 2);
  const call = calls[architecture]?.get(Number(number));
  return call && argument !== undefined ? { call, argument: Number(argument) } : undefined;
}

/** Descriptors from which an epoll(7) waits for input. */
export function polledBy(info: string): number[] {
  const lines = [...info.matchAll(/^tfd:\s*(\d+)\s+events:\s*([\da-f]+)/gm)].slice(0, maxPolled);
  return lines.filter(([, , events = '0']) => (Number.parseInt(events, 16) & EPOLLIN) !== 0).map(([, descriptor]) => Number(descriptor));
}
