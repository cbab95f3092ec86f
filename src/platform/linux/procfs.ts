/** /proc, read as cheaply as the kernel allows: one reused buffer, no path cached, no stat(2) first. See proc(5). */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { markVariable, type ProcessStat, ProcessTableError } from '../platform.ts';
import { isExhausted, spareDescriptors } from './spareDescriptors.ts';

/** What `/proc/PID/stat` is measured in, from the auxiliary vector (getauxval(3)), so that no native call is needed. */
export interface Units {
  readonly ticksPerSecond: number;
  readonly pageBytes: number;
}

const AT_PAGESZ = 6n;
const AT_CLKTCK = 17n;

/** Reads for a 64-bit auxv; the usual values stand in for what it lacks. */
export function parseAuxv(auxv: Buffer): Units {
  const values = new Map<bigint, bigint>();
  for (let at = 0; at + 16 <= auxv.length; at += 16) values.set(auxv.readBigUInt64LE(at), auxv.readBigUInt64LE(at + 8));
  return { ticksPerSecond: Number(values.get(AT_CLKTCK) ?? 100n), pageBytes: Number(values.get(AT_PAGESZ) ?? 4096n) };
}

const [space, minus, zero, newline] = [0x20, 0x2d, 0x30, 0x0a];
const nameEnds = 0x29;
/** PF_EXITING of the kernel's include/linux/sched.h, in field 9: it is being taken down, which takes seconds where a driver has gigabytes to release. */
const exiting = 0x4;
/** Fields of the line that is being parsed, by their numbers in proc_pid_stat(5). Reused, so that a census leaves no garbage for each process. */
const fields = new Float64Array(25);

/**
 * The line of `/proc/PID/stat` in the first `length` bytes: byte by byte, because this is done for every process at every look. The name
 * may hold spaces and parentheses, so fields are counted from its last one; their numbers are those of proc_pid_stat(5).
 */
export function parseStat(line: Buffer, length: number, units: Units): ProcessStat {
  const nameEnd = line.lastIndexOf(nameEnds, length - 1);
  const nameStart = line.indexOf(space) + 2;
  let at = nameEnd + 4;
  for (let field = 4; field <= 24; field++) {
    const negative = line[at] === minus;
    if (negative) at++;
    let value = 0;
    for (let byte = line[at]; at < length && byte !== space && byte !== newline; byte = line[++at])
      value = value * 10 + ((byte ?? zero) - zero);
    fields[field] = negative ? -value : value;
    at++;
  }
  const number = (field: number): number => fields[field] ?? 0;
  const state = String.fromCharCode(line[nameEnd + 2] ?? 0);
  return {
    pid: Number(line.toString('latin1', 0, nameStart - 2)),
    name: nameOf(line.toString('latin1', nameStart, nameEnd)),
    alive: state !== 'Z' && state !== 'X',
    stopped: state === 'T' || state === 't',
    uninterruptible: state === 'D' && (number(9) & exiting) === 0,
    parent: number(4),
    group: number(5),
    session: number(6),
    terminal: number(7),
    cpuMillis: ((number(14) + number(15)) * 1000) / units.ticksPerSecond,
    childrenCpuMillis: ((number(16) + number(17)) * 1000) / units.ticksPerSecond,
    threads: number(20),
    startTime: number(22),
    memoryBytes: number(24) * units.pageBytes,
  };
}

/** Node gives each of its threads a name, from version 24 on, and with it the process's own is lost. */
function nameOf(mainThread: string): string {
  return mainThread === 'MainThread' ? 'node' : mainThread;
}

/** The end of a thread is signalled to no process: its exit signal, field 38 of proc_pid_stat(5), is -1. */
export function isThread(line: string): boolean {
  return line.slice(line.lastIndexOf(')') + 2).split(' ')[38 - 3] === '-1';
}

/** The soft limit of one line of `/proc/PID/limits`; undefined where it is unlimited or not there. */
export function parseSoftLimit(limits: string, name: string): number | undefined {
  const start = limits.indexOf(name);
  if (start < 0) return undefined;
  const value = Number(limits.slice(start + name.length).match(/\S+/)?.[0]);
  return Number.isNaN(value) ? undefined : value;
}

/** The proportional set size of `/proc/PID/smaps_rollup` in bytes; undefined where it is not to be read. */
export function parsePss(rollup: string): number | undefined {
  const kilobytes = rollup.match(/^Pss: +(\d+) kB$/m)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** The trees named in an environment block of NUL-separated `NAME=value`. */
export function parseTreeMark(environment: string): readonly string[] {
  return parseVariable(environment, markVariable)?.split(':').filter(Boolean) ?? [];
}

/** The value of a variable in an environment block of NUL-separated `NAME=value`. */
export function parseVariable(environment: string, name: string): string | undefined {
  const prefix = `${name}=`;
  return environment
    .split('\0')
    .find((line) => line.startsWith(prefix))
    ?.slice(prefix.length);
}

/** Whether the signal with this number has a handler, by the `SigCgt` of `/proc/PID/status`, see proc_pid_status(5); undefined where that is not there. */
export function parseHandled(status: string, signal: number): boolean | undefined {
  const handled = status.match(/^SigCgt:\s+([\da-f]+)$/m)?.[1];
  return handled === undefined ? undefined : ((BigInt(`0x${handled}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

/** The real user of `/proc/PID/status`, see proc_pid_status(5): it decides which users may signal the process. */
export function parseRealUid(status: string): number | undefined {
  const uid = status.match(/^Uid:\s+(\d+)/m)?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/** Pids of `/proc/PID/task/TID/children`. */
export function parseChildren(text: string): number[] {
  return text === '' ? [] : text.trimEnd().split(' ').map(Number);
}

/** Undefined where the process has gone, the file is not for this user, or no descriptor is free. */
export function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

/**
 * Undefined where what is looked at has gone, or is not for this user.
 * @throws ProcessTableError where this process is short of what it takes to look.
 */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return spareDescriptors.run(look);
  } catch (error) {
    if (error instanceof ProcessTableError) throw error;
    if (isExhausted(error)) throw new ProcessTableError(`/proc cannot be read: ${(error as Error).message}`);
    return undefined;
  }
}

/** The kernel hands out seq files a page at a time; a read shorter than this was the last one. */
const fullRead = 4000;

/** From its beginning, up to the part that is `enough`; answers with the length, undefined where the process has gone. */
export function readWhole(fd: number, buffer: Buffer, enough?: (part: string) => boolean): number | undefined {
  try {
    let length = 0;
    for (;;) {
      const count = readSync(fd, buffer, length, buffer.length - length, length);
      length += count;
      if (enough?.(buffer.toString('latin1', length - count, length))) return length;
      if (count < fullRead || length === buffer.length) return length;
    }
  } catch (error) {
    if (isExhausted(error)) throw new ProcessTableError(`/proc cannot be read: ${(error as Error).message}`);
    return undefined; // ESRCH: it went between open and read
  }
}

export class ProcFs {
  readonly #units: Units = parseAuxv(readFileSync('/proc/self/auxv'));
  readonly #buffer = Buffer.allocUnsafe(256 * 1024);

  get units(): Units {
    return this.#units;
  }

  stat(pid: number): ProcessStat | undefined {
    const length = this.#fill(`/proc/${pid}/stat`);
    return length ? parseStat(this.#buffer, length, this.#units) : undefined;
  }

  /** /proc answers for a thread's number, too, but lists it nowhere. */
  isThread(pid: number): boolean {
    return isThread(this.read(`/proc/${pid}/stat`) ?? '');
  }

  /** The pid that was given out last, to a process or a thread; undefined where the kernel does not report it. */
  lastPid(): number | undefined {
    const text = this.read('/proc/sys/kernel/ns_last_pid') ?? this.read('/proc/loadavg')?.split(' ').at(-1);
    return text === undefined ? undefined : Number(text);
  }

  /** Children forked by one thread of a process. */
  childrenOf(pid: number, thread: number): number[] {
    return parseChildren(this.read(`/proc/${pid}/task/${thread}/children`) ?? '');
  }

  threadsOf(pid: number): number[] {
    return this.#numbersIn(`/proc/${pid}/task`);
  }

  pids(): number[] {
    return this.#numbersIn('/proc');
  }

  /** What the descriptors of a process stand for; none where that is not for this user to see. */
  descriptorsOf(pid: number): string[] {
    return this.#numbersIn(`/proc/${pid}/fd`).flatMap((fd) => this.link(`/proc/${pid}/fd/${fd}`) ?? []);
  }

  /** Those that stand for something whose path begins so. */
  descriptorsTo(pid: number, prefix: string): number[] {
    return this.#numbersIn(`/proc/${pid}/fd`).filter((fd) => this.link(`/proc/${pid}/fd/${fd}`)?.startsWith(prefix));
  }

  /** Undefined where they are not for this user to see. */
  countDescriptors(pid: number): number | undefined {
    return ifThere(() => readdirSync(`/proc/${pid}/fd`).length);
  }

  /**
   * The number of the user who started it; undefined where the process has gone. The folder in /proc is root's where a process may not
   * be dumped, so its owner does not say.
   */
  ownerOf(pid: number): number | undefined {
    return parseRealUid(this.read(`/proc/${pid}/status`) ?? '');
  }

  link(path: string): string | undefined {
    try {
      return readlinkSync(path);
    } catch {
      return undefined;
    }
  }

  /**
   * A file of /proc as text, up to the part that is `enough`; undefined where the process has gone or the file is not for this
   * user.
   */
  read(path: string, enough?: (part: string) => boolean): string | undefined {
    const length = this.#fill(path, enough);
    return length === undefined ? undefined : this.#buffer.toString('latin1', 0, length);
  }

  /** Reads a file into the buffer; answers with its length. */
  #fill(path: string, enough?: (part: string) => boolean): number | undefined {
    return ifThere(() => {
      const fd = openSync(path, 'r');
      try {
        return readWhole(fd, this.#buffer, enough);
      } finally {
        closeSync(fd);
      }
    });
  }

  #numbersIn(folder: string): number[] {
    return (ifThere(() => readdirSync(folder)) ?? []).map(Number).filter(Number.isInteger);
  }
}
