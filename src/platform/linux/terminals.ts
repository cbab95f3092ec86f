/** Pseudoterminals: pty(7), ioctl_tty(2). */
import { closeSync, constants, openSync } from 'node:fs';
import type { OpenTerminal } from '../platform.ts';
import { inputWaitOf } from './inputWait.ts';
import type { Libc } from './libc.ts';
import type { ProcFs } from './procfs.ts';

const TIOCSWINSZ = 0x5414;
const TIOCGPTN = 0x80045430;
const TIOCSPTLCK = 0x40045431;

/**
 * Opens one; undefined where this kernel has none for us. Node opens every descriptor with O_CLOEXEC, so that neither end gets into a
 * process that it is not meant for.
 */
export function openTerminal(libc: Libc, proc: ProcFs): OpenTerminal | undefined {
  let master: number;
  try {
    master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const number = new Int32Array(1);
    const unlock = new Int32Array(1);
    if (libc.ioctl(master, TIOCGPTN, number) < 0 || libc.ioctl(master, TIOCSPTLCK, unlock) < 0)
      throw new Error('the terminal cannot be unlocked');
    const path = `/dev/pts/${number[0]}`;
    const slave = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
    return {
      ...{ master, slave, path },
      resize: (columns, rows) => void libc.ioctl(master, TIOCSWINSZ, new Uint16Array([rows, columns, 0, 0])),
      inputWait: (members) => inputWaitOf({ master, path }, members, libc, proc),
    };
  } catch {
    // For instance, its devpts is not the one that is mounted at /dev/pts.
    closeSync(master);
    return undefined;
  }
}
