import type { ChildEnd, Program, Programs } from '../programs.ts';
import type { Libc } from './libc.ts';
import type { PosixSpawn } from './posixSpawn.ts';

/** Of a status as waitpid(2) has it. */
const signalBits = 0x7f;
const codeShift = 8;
const codeBits = 0xff;

/** Starts programs by posix_spawn(3), and collects them. */
export class LinuxPrograms implements Programs {
  readonly #calls: PosixSpawn;
  readonly #libc: Pick<Libc, 'waitNoHang'>;
  readonly #living = new Map<number, (end: ChildEnd) => void>();
  #isListening = false;

  constructor(calls: PosixSpawn, libc: Pick<Libc, 'waitNoHang'>) {
    this.#calls = calls;
    this.#libc = libc;
  }

  openPipe(): readonly [number, number] {
    return this.#calls.openPipe();
  }

  growPipe(fd: number, bytes: number): boolean {
    return this.#calls.setPipeSize(fd, bytes);
  }

  spawn(program: Program, onEnd: (end: ChildEnd) => void): number {
    // Before the first one that may end.
    if (!this.#isListening) process.on('SIGCHLD', () => this.#collect());
    this.#isListening = true;
    const pid = this.#calls.spawn(program);
    this.#living.set(pid, onEnd);
    return pid;
  }

  /** One signal may stand for several ends. */
  #collect(): void {
    for (const [pid, onEnd] of [...this.#living]) {
      const status = this.#libc.waitNoHang(pid);
      if (status === undefined) continue;
      this.#living.delete(pid);
      const signal = status & signalBits;
      onEnd({ code: signal === 0 ? (status >> codeShift) & codeBits : null, signal });
    }
  }
}
