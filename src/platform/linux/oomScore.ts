import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** Highest value of `oom_score_adj`, and more bytes than one has as text (proc_pid_oom_score_adj(5)). */
const maxScore = 1000;
const maxDigits = 16;

/** What the kernel goes by when memory runs out, of this process and all that it starts. */
export class OomScore {
  readonly #fd: number;
  readonly #before: number;

  private constructor(fd: number, before: number) {
    this.#fd = fd;
    this.#before = before;
  }

  /** Undefined where it cannot be read or written. */
  static open(): OomScore | undefined {
    let fd: number;
    try {
      fd = openSync('/proc/self/oom_score_adj', 'r+');
    } catch {
      return undefined;
    }
    try {
      const buffer = Buffer.alloc(maxDigits);
      const before = Number(buffer.toString('latin1', 0, readSync(fd, buffer, 0, maxDigits, 0)));
      if (!Number.isNaN(before)) return new OomScore(fd, before);
    } catch {
      // The file is of a kernel that does not let this process read it.
    }
    closeSync(fd);
    return undefined;
  }

  /** False where the kernel refuses. */
  raise(by: number): boolean {
    return this.#write(Math.min(this.#before + by, maxScore));
  }

  /** To what it was. */
  restore(): void {
    this.#write(this.#before);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #write(score: number): boolean {
    try {
      writeSync(this.#fd, String(score), 0);
      return true;
    } catch {
      return false;
    }
  }
}
