/** What Linux tells of a process and its terminal: proc_pid_stat(5), proc_pid_fd(5). Elsewhere nothing is known. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcStat {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Device number of its controlling terminal; 0 where it has none. */
  readonly terminal: number;
  /** The process group in the foreground of that terminal; -1 where it has none. */
  readonly foreground: number;
}

export function procStat(pid: number | 'self'): ProcStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before it may hold anything, parentheses too.
    const [, parent, group, , terminal, foreground] = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    if (parent === undefined || group === undefined || terminal === undefined || foreground === undefined) return undefined;
    return { pid: Number.parseInt(text, 10), parent, group, terminal, foreground };
  } catch {
    return undefined;
  }
}

export function allProcStats(): ProcStat[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (procStat(Number(name)) ?? []) : []));
  } catch {
    return [];
  }
}

/** Of its main thread, which is the only one that forks in most programs. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** What a descriptor of a process leads to; empty where that is not told. */
export function linkOf(pid: number | 'self', descriptor: number | string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
  } catch {
    return '';
  }
}

export function descriptorsOf(pid: number | 'self'): number[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(Number);
  } catch {
    return [];
  }
}

/** The flags of an open file, as open(2) numbers them; undefined where they are not told. */
export function openFlags(descriptor: number): number | undefined {
  try {
    const [, octal] = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1').match(/^flags:\s*([0-7]+)$/m) ?? [];
    return octal === undefined ? undefined : Number.parseInt(octal, 8);
  } catch {
    return undefined;
  }
}

export function ignoresSignal(pid: number, signal: number): boolean {
  try {
    const [, mask = '0'] = readFileSync(`/proc/${pid}/status`, 'latin1').match(/^SigIgn:\s*([0-9a-f]+)/m) ?? [];
    return (BigInt(`0x${mask}`) & (1n << BigInt(signal - 1))) !== 0n;
  } catch {
    return false;
  }
}
