import { closeSync, openSync, readSync } from 'node:fs';
import type { ProcessStat } from '../platform.ts';
import { fullRead, type ProcFs, parseChildren, parseSoftLimit, parseStat } from './procfs.ts';

/** Descriptors of the process that had the pid when they were opened: what is read is never of another one that was given it since. */
interface Open {
  readonly stat: number;
  children: number | undefined;
  /** The number of the last look in which it was read. */
  look: number;
}

/** No more than this many, and no more than a fourth of what this process may have open. */
const mostOpen = 4096;
/** What has not been read for so many looks is closed. */
const patience = 2;

/**
 * Processes that are looked at again and again, with their files in /proc kept open: to look up a path there costs the kernel more than
 * to say what is in it. A look at a process costs a third of what it does otherwise.
 */
export class OpenProcesses {
  readonly #proc: ProcFs;
  readonly #open = new Map<number, Open>();
  readonly #most: number;
  readonly #buffer = Buffer.allocUnsafe(64 * 1024);
  #look = 0;

  constructor(proc: ProcFs) {
    this.#proc = proc;
    const allowed = parseSoftLimit(proc.read('/proc/self/limits') ?? '', 'Max open files') ?? mostOpen;
    this.#most = Math.min(mostOpen, Math.floor(allowed / 8));
  }

  stat(pid: number): ProcessStat | undefined {
    const known = this.#open.get(pid);
    const length = known && this.#read(known.stat);
    if (known && length) {
      known.look = this.#look;
      return parseStat(this.#buffer, length, this.#proc.units);
    }
    if (known) this.#close(pid, known);
    if (this.#open.size >= this.#most) return this.#proc.stat(pid);
    const stat = openFile(`/proc/${pid}/stat`);
    const firstLength = stat === undefined ? 0 : this.#read(stat);
    if (stat === undefined) return undefined;
    if (firstLength === 0) {
      closeSync(stat);
      return undefined;
    }
    this.#open.set(pid, { stat, children: undefined, look: this.#look });
    return parseStat(this.#buffer, firstLength, this.#proc.units);
  }

  /** Children forked by its main thread; to be called for one that {@link stat} has just answered for. */
  childrenOf(pid: number): number[] {
    const known = this.#open.get(pid);
    if (!known) return this.#proc.childrenOf(pid, pid);
    known.children ??= openFile(`/proc/${pid}/task/${pid}/children`);
    if (known.children === undefined) return [];
    const length = this.#read(known.children);
    // Most have none.
    return length === 0 ? [] : parseChildren(this.#buffer.toString('latin1', 0, length));
  }

  /** To be called when everybody has been looked at. */
  endLook(): void {
    for (const [pid, open] of this.#open) if (this.#look - open.look >= patience) this.#close(pid, open);
    this.#look++;
  }

  #close(pid: number, { stat, children }: Open): void {
    this.#open.delete(pid);
    closeSync(stat);
    if (children !== undefined) closeSync(children);
  }

  /** From the beginning into the buffer; answers with the length, 0 where the process has gone. */
  #read(fd: number): number {
    try {
      let length = 0;
      for (;;) {
        const count = readSync(fd, this.#buffer, length, this.#buffer.length - length, length);
        length += count;
        if (count < fullRead || length === this.#buffer.length) return length;
      }
    } catch {
      return 0; // ESRCH
    }
  }
}

function openFile(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}
