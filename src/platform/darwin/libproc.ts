/**
 * The calls of macOS that Node lacks, under the names of its headers (sys/proc_info.h, libproc.h, sys/resource.h,
 * sys/sysctl.h, mach/mach_time.h). Typed against them; it has been run on recorded buffers only.
 */
import type { ProcessStat, Usage } from '../platform.ts';

/** Sizes of the structures, for the kernel to fill in. */
export const proc_taskallinfo_size = 232;
export const proc_bsdinfo_size = 136;
export const rusage_info_v2_size = 160;

export const PROC_PIDTASKALLINFO = 2;
export const PROC_PIDTBSDINFO = 3;
const RUSAGE_INFO_V2 = 2;
const CTL_KERN = 1;
const KERN_PROCARGS2 = 49;

/** Values of pbi_status (sys/proc.h). */
const SSTOP = 4;
const SZOMB = 5;

export interface Libproc {
  /** proc_listallpids(3). */
  listAllPids(): number[];
  /** proc_pidinfo(3), zombies too; undefined where there is no such process, or it is not for this user. */
  pidInfo(pid: number, flavor: number, size: number): Buffer | undefined;
  /** proc_pid_rusage(3) with RUSAGE_INFO_V2. */
  pidRusage(pid: number): Buffer | undefined;
  /** sysctl(3) with KERN_PROCARGS2: argument count, path, arguments and environment. */
  procArgs(pid: number): Buffer | undefined;
  /** getsid(2). */
  sessionOf(pid: number): number;
  /** Nanoseconds in a tick of mach_absolute_time, in which CPU times are counted: 1 on Intel, 125/3 on Apple silicon. */
  readonly nanosPerTick: number;
}

/** @throws Error where koffi or the library cannot be loaded. */
export async function loadLibproc(): Promise<Libproc> {
  const { default: koffi } = await import('koffi');
  const system = koffi.load('/usr/lib/libSystem.B.dylib');
  const proc_listallpids = system.func('proc_listallpids', 'int', ['void *', 'int']);
  const proc_pidinfo = system.func('proc_pidinfo', 'int', ['int', 'int', 'uint64_t', 'void *', 'int']);
  const proc_pid_rusage = system.func('proc_pid_rusage', 'int', ['int', 'int', 'void *']);
  const sysctl = system.func('sysctl', 'int', ['void *', 'uint', 'void *', 'void *', 'void *', 'size_t']);
  const getsid = system.func('getsid', 'int', ['int']);
  const mach_timebase_info = system.func('mach_timebase_info', 'int', ['void *']);
  const timebase = Buffer.alloc(8);
  mach_timebase_info(timebase);
  return {
    listAllPids: () => {
      for (let capacity = 4096; ; capacity *= 2) {
        const pids = Buffer.alloc(capacity * 4);
        const count = proc_listallpids(pids, pids.length);
        if (count < capacity) return Array.from({ length: Math.max(count, 0) }, (_, index) => pids.readInt32LE(index * 4));
      }
    },
    pidInfo: (pid, flavor, size) => {
      const info = Buffer.alloc(size);
      // An argument of 1 asks for zombies, too.
      return proc_pidinfo(pid, flavor, 1, info, size) === size ? info : undefined;
    },
    pidRusage: (pid) => {
      const info = Buffer.alloc(rusage_info_v2_size);
      return proc_pid_rusage(pid, RUSAGE_INFO_V2, info) === 0 ? info : undefined;
    },
    procArgs: (pid) => {
      const name = Buffer.alloc(12);
      [CTL_KERN, KERN_PROCARGS2, pid].forEach((part, index) => void name.writeInt32LE(part, index * 4));
      const args = Buffer.alloc(1024 * 1024);
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(args.length));
      return sysctl(name, 3, args, length, null, 0) === 0 ? args.subarray(0, Number(length.readBigUInt64LE(0))) : undefined;
    },
    sessionOf: (pid) => getsid(pid),
    nanosPerTick: timebase.readUInt32LE(0) / timebase.readUInt32LE(4),
  };
}

/** A struct proc_bsdinfo. Its start is exact to a microsecond, which tells a pid's owners apart. */
export function parseBsdInfo(info: Buffer, session: number): ProcessStat {
  const status = info.readUInt32LE(4);
  const text = (from: number, to: number): string => info.toString('utf8', from, to).split('\0')[0] ?? '';
  return {
    pid: info.readUInt32LE(12),
    parent: info.readUInt32LE(16),
    group: info.readUInt32LE(100),
    session,
    alive: status !== SZOMB,
    stopped: status === SSTOP,
    // pbi_name is longer, and empty where none is registered; pbi_comm is always there.
    name: text(64, 96) || text(48, 64),
    startTime: Number(info.readBigUInt64LE(120)) * 1_000_000 + Number(info.readBigUInt64LE(128)),
    threads: 1,
    cpuMillis: 0,
    childrenCpuMillis: 0,
    memoryBytes: 0,
  };
}

/** A struct proc_taskallinfo: a proc_bsdinfo, and a proc_taskinfo behind it. */
export function parseTaskAllInfo(info: Buffer, session: number, nanosPerTick: number): ProcessStat {
  const task = info.subarray(proc_bsdinfo_size);
  const ticks = task.readBigUInt64LE(16) + task.readBigUInt64LE(24);
  return {
    ...parseBsdInfo(info, session),
    threads: task.readInt32LE(84),
    cpuMillis: (Number(ticks) * nanosPerTick) / 1e6,
    memoryBytes: Number(task.readBigUInt64LE(8)),
  };
}

/** A struct rusage_info_v2. The physical footprint is what Activity Monitor calls memory. */
export function parseRusage(info: Buffer, nanosPerTick: number): Usage {
  const number = (at: number): number => Number(info.readBigUInt64LE(at));
  const millis = (ticks: number): number => (ticks * nanosPerTick) / 1e6;
  return {
    cpuMillis: millis(number(16) + number(24)),
    childrenCpuMillis: millis(number(96) + number(104)),
    memoryBytes: number(72),
    disk: { readBytes: number(144), writtenBytes: number(152) },
  };
}

/**
 * The environment in what KERN_PROCARGS2 gives: a count, the path, zeros, as many arguments, then `NAME=value` up to an empty
 * one. Empty for programs that the system protects.
 */
export function parseProcArgs(args: Buffer): readonly string[] {
  if (args.length < 4) return [];
  const count = args.readInt32LE(0);
  let at = args.indexOf(0, 4);
  while (at >= 0 && args[at] === 0) at++;
  if (at < 0) return [];
  const words = args.toString('utf8', at).split('\0').slice(count);
  const end = words.indexOf('');
  return end < 0 ? words : words.slice(0, end);
}
