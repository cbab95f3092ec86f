import { closeSync } from 'node:fs';
import type { ProcessStat } from '../platform.ts';
import { openIfThere, type ProcFs, parseChildren, parseSoftLimit, parseStat, readWhole } from './procfs.ts';

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
    const again = known && this.#parse(known.stat);
    if (known && again) {
      known.look = this.#look;
      return again;
    }
    if (known) this.#close(pid, known);
    if (this.#open.size >= this.#most) return this.#proc.stat(pid);
    const fd = openIfThere(`/proc/${pid}/stat`);
    if (fd === undefined) return undefined;
    const stat = this.#parse(fd);
    if (stat) this.#open.set(pid, { stat: fd, children: undefined, look: this.#look });
    else closeSync(fd);
    return stat;
  }

  /** Children forked by its main thread; to be called for one that {@link stat} has just answered for. */
  childrenOf(pid: number): number[] {
    const known = this.#open.get(pid);
    if (!known) return this.#proc.childrenOf(pid, pid);
    known.children ??= openIfThere(`/proc/${pid}/task/${pid}/children`);
    if (known.children === undefined) return [];
    const length = readWhole(known.children, this.#buffer);
    // Most have none.
    return !length ? [] : parseChildren(this.#buffer.toString('latin1', 0, length));
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

  #parse(fd: number): ProcessStat | undefined {
    const length = readWhole(fd, this.#buffer);
    return length ? parseStat(this.#buffer, length, this.#proc.units) : undefined;
  }
}
